import type { ClickHouseClient } from '@clickhouse/client';
import type { IntentTarget } from '../core/expectation.ts';
import type { ConstraintSet } from './constraints/constraint-set.ts';
import { intents, unsampledServices } from './constraints/constraints.ts';
import { readIntentSeries } from './intent-series.ts';
import { type IntentHistory, type IntentState, intentState } from './intent-state.ts';

/** Long enough for a quantile, short enough to be about now. */
const WINDOW_MS = 600_000;
const STEP_MS = 60_000;
const REFRESH_MS = 5_000;
/** As for verdicts: what nobody renewed three times is no longer known. */
const VALID_MS = 15_000;

function watchKey({ constraint, metric, comparator, target }: IntentTarget): string {
  return `${constraint} ${metric} ${comparator} ${target}`;
}

/** Unknown breaks what was met: what nobody could tell was not shown to be so. */
export function continued(
  before: IntentHistory | undefined,
  { isMet }: Pick<IntentState, 'isMet'>,
  nowMs: number,
): IntentHistory {
  return {
    metSinceMs: isMet === 'true' ? (before?.metSinceMs ?? nowMs) : null,
    missedAtMs: isMet === 'false' ? nowMs : (before?.missedAtMs ?? null),
  };
}

/** How the written intents stand, in memory; read again every 5 s, and only for services that have any. */
export class IntentWatch {
  #states: readonly IntentState[] = [];
  /** By constraint and target: a target that was changed starts anew. */
  #histories = new Map<string, IntentHistory>();
  #readAtMs = Number.NEGATIVE_INFINITY;

  /** What is known at `nowMs`: nothing, once it is too old. An intent that is not listed is unknown. */
  states(nowMs: number): readonly IntentState[] {
    return nowMs - this.#readAtMs <= VALID_MS ? this.#states : [];
  }

  /** @throws PipelineError store_unavailable */
  async refresh(
    client: ClickHouseClient,
    of: { sets: readonly ConstraintSet[]; nowMs: number },
  ): Promise<void> {
    const { nowMs } = of;
    if (nowMs - this.#readAtMs < REFRESH_MS) return;
    const fromMs = Math.floor((nowMs - WINDOW_MS) / STEP_MS) * STEP_MS;
    const targets = intents(of.sets);
    const unsampledNames = unsampledServices(of.sets);
    const range = { unsampledNames, fromMs, untilMs: nowMs, stepMs: STEP_MS };
    const seriesOf = await readIntentSeries(client, targets, range);
    // A gap in the watch is a gap in what is known: nothing is met through it.
    const before = nowMs - this.#readAtMs <= VALID_MS ? this.#histories : new Map<string, IntentHistory>();
    const states = targets.map((intent) => {
      const state = intentState(intent, seriesOf(intent));
      return { ...state, history: continued(before.get(watchKey(intent)), state, nowMs) };
    });
    this.#states = states;
    this.#histories = new Map(states.map(({ intent, history }) => [watchKey(intent), history]));
    this.#readAtMs = nowMs;
  }
}
