import { sourceKey, sourceLabel } from '../../core/source.ts';
import type { Dimension, Verdict } from '../../core/verdict.ts';
import type { AlarmCount } from '../cases/case.ts';

const EXAMPLES_MAX = 3;

interface Tally {
  verdicts: number;
  passes: number;
  fails: number;
  episodes: number;
  readonly failing: Set<string>;
  readonly reasons: Map<string, number>;
}

/** Counts outcomes by dimension over many ticks. */
export class AlarmCounter {
  readonly #byDimension = new Map<Dimension, Tally>();

  see(verdicts: readonly Verdict[]): void {
    for (const verdict of verdicts) {
      const tally = this.#tallyOf(verdict.dimension);
      const key = sourceKey(verdict.source);
      tally.verdicts++;
      if (verdict.outcome === 'pass') tally.passes++;
      if (verdict.outcome !== 'fail') {
        tally.failing.delete(key);
        continue;
      }
      tally.fails++;
      if (!tally.failing.has(key)) tally.episodes++;
      tally.failing.add(key);
      const reason = `${sourceLabel(verdict.source)}: ${verdict.reasons.map(({ code }) => code).join()}`;
      tally.reasons.set(reason, (tally.reasons.get(reason) ?? 0) + 1);
    }
  }

  counts(of: Pick<AlarmCount, 'condition' | 'exposure' | 'failRatioMax'>): AlarmCount[] {
    return [...this.#byDimension].map(([dimension, { failing: _, reasons, ...counts }]) => ({
      check: dimension,
      ...of,
      ...counts,
      examples: [...reasons]
        .sort(([, a], [, b]) => b - a)
        .slice(0, EXAMPLES_MAX)
        .map(([reason, count]) => `${count} × ${reason}`),
    }));
  }

  #tallyOf(dimension: Dimension): Tally {
    let tally = this.#byDimension.get(dimension);
    if (tally === undefined) {
      tally = { verdicts: 0, passes: 0, fails: 0, episodes: 0, failing: new Set(), reasons: new Map() };
      this.#byDimension.set(dimension, tally);
    }
    return tally;
  }
}
