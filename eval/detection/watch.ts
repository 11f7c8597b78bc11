import type { Verdict } from '../../core/verdict.ts';
import type { Scenario } from './scenarios.ts';

/** What was seen of one run of a scenario. */
export interface Detection {
  /** From the fault to the first verdict that must be; null when none came. */
  readonly afterMs: number | null;
  /** A fault shows in nothing that did not pass before. */
  readonly passedBefore: boolean;
  /** Verdicts that failed completeness of another service of the same shop, once the fault began. */
  readonly neighbourFails: number;
}

export class Watch {
  readonly #scenario: Scenario;
  readonly #faultMs: number;
  readonly #isOwn: (verdict: Verdict) => boolean;
  #afterMs: number | null = null;
  #passedBefore = false;
  #neighbourFails = 0;

  constructor(scenario: Scenario, faultMs: number, isOwn: (verdict: Verdict) => boolean = () => true) {
    this.#scenario = scenario;
    this.#faultMs = faultMs;
    this.#isOwn = isOwn;
  }

  see(verdicts: readonly Verdict[], nowMs: number): void {
    const { prefix, signal, dimension, turned } = this.#scenario;
    const shop = verdicts.filter(
      (one) => this.#isOwn(one) && one.source.serviceName.startsWith(prefix) && one.source.signal === signal,
    );
    const service = `${prefix}checkout`;
    const own = shop.find(
      ({ source, dimension: judged }) => judged === dimension && source.serviceName === service,
    );
    if (nowMs <= this.#faultMs) {
      this.#passedBefore = own?.outcome === 'pass';
      return;
    }
    if (own !== undefined && turned.includes(own.outcome)) this.#afterMs ??= nowMs - this.#faultMs;
    this.#neighbourFails += shop.filter(
      ({ source, dimension: judged, outcome }) =>
        source.serviceName !== service && judged === 'completeness' && outcome === 'fail',
    ).length;
  }

  detection(): Detection {
    return {
      afterMs: this.#afterMs,
      passedBefore: this.#passedBefore,
      neighbourFails: this.#neighbourFails,
    };
  }
}
