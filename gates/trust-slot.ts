import type { Source } from '../core/source.ts';
import type { Dimension, Outcome, Verdict } from '../core/verdict.ts';
import { KeptVerdict, VerdictRows } from '../store/verdict-rows.ts';

/**
 * The newest verdict of one source and dimension. Renewed in place: thousands are every second, and objects made for
 * each would all outlive a collection of garbage, which is what makes it long.
 */
export class TrustSlot {
  readonly key: string;
  readonly source: Source;
  readonly dimension: Dimension;
  outcome: Outcome = 'unknown';
  /** Infinity where it is not known. */
  upper = Number.POSITIVE_INFINITY;
  evaluatedAtMs = Number.NEGATIVE_INFINITY;
  expiresAtMs = Number.NEGATIVE_INFINITY;
  sinceMs = Number.NEGATIVE_INFINITY;
  /** Of rows as a copy of them, else as it came. */
  #held: Verdict | KeptVerdict | null = null;

  constructor(of: { readonly key: string } & Pick<Verdict, 'source' | 'dimension'>) {
    this.key = of.key;
    this.source = of.source;
    this.dimension = of.dimension;
  }

  /** @param by a verdict, or rows standing on one. @returns false when what is held is as new */
  renew(by: Verdict | VerdictRows, nowMs: number): boolean {
    const { outcome, evaluatedAtMs, validUntilMs } = by;
    if (this.evaluatedAtMs >= evaluatedAtMs) return false;
    const isUnchanged = this.outcome === outcome && this.expiresAtMs >= evaluatedAtMs;
    if (!isUnchanged) this.sinceMs = evaluatedAtMs;
    this.outcome = outcome;
    this.upper = by.upper ?? Number.POSITIVE_INFINITY;
    this.evaluatedAtMs = evaluatedAtMs;
    // Never valid for longer, from now on, than its judge meant: a clock ahead of ours buys no time.
    this.expiresAtMs = Math.min(validUntilMs, nowMs + (validUntilMs - evaluatedAtMs));
    if (by instanceof VerdictRows) by.keepIn(this.#kept());
    else this.#held = by;
    return true;
  }

  verdict(): Verdict {
    const held = this.#held as Verdict | KeptVerdict;
    return held instanceof KeptVerdict ? held.verdict(this) : held;
  }

  #kept(): KeptVerdict {
    if (!(this.#held instanceof KeptVerdict)) this.#held = new KeptVerdict();
    return this.#held as KeptVerdict;
  }
}
