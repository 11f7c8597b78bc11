import type { TrustComponent } from '../../core/decision.ts';
import type { Signal } from '../../core/signal.ts';
import { SIGNALS } from '../../core/signal.ts';
import type { Dimension, Outcome, Verdict } from '../../core/verdict.ts';
import { judge } from '../../core/verdict.ts';
import type { ConstraintSet } from '../constraints/constraint-set.ts';
import { expectations } from '../constraints/constraints.ts';
import type { Trust, TrustQuestion, TrustReading, TrustTarget } from '../trust.ts';

/** What stands in for data that a decision did not record. */
export type Fill = Outcome;

function signalOf({ source }: TrustComponent): Signal | null {
  const word = source.slice(source.lastIndexOf(' ') + 1);
  return (SIGNALS as readonly string[]).includes(word) ? (word as Signal) : null;
}

/** `age of the newest item <= 90 s` as 90, `lost share <= 5 %` as 0.05; null without a limit. */
function limitOf({ required }: TrustComponent): number | null {
  const match = /<= (\d+(?:\.\d+)?) (%|s)/.exec(required);
  return match === null ? null : Number(match[1]) / (match[2] === '%' ? 100 : 1);
}

/** Judged again by another limit; null where what was recorded does not tell. */
function restated(component: TrustComponent, limit: number | null): Outcome | null {
  const { state, dimension, lower, upper } = component;
  const before = limitOf(component);
  if (limit === null || before === null || Math.abs(limit - before) < 1e-9) return state;
  if (dimension === 'completeness') {
    const judged = judge(lower, upper, { warn: limit, fail: limit });
    // Why it was unknown is not recorded: its numbers alone may not have been enough for a pass.
    return state === 'unknown' && judged !== 'unknown' ? null : judged;
  }
  if (state === 'unknown') return state;
  // The numbers are those of the part that decided, which another limit may change; only the direction is sure.
  const isSure = state === 'pass' ? limit >= before : limit <= before;
  return isSure ? state : null;
}

/**
 * The trust of a past moment, as far as a decision recorded it: its components, held against the limits of other sets.
 * What it did not record is `fill`, so that trying every fill tells whether it matters.
 */
export class RecordedTrust implements Trust {
  readonly #components: readonly TrustComponent[];
  readonly #limits: ReadonlyMap<string, number>;
  readonly #fill: Fill;
  /** What was asked for and not recorded. */
  readonly missing = new Set<string>();

  constructor(
    components: readonly TrustComponent[],
    of: { readonly sets: readonly ConstraintSet[]; readonly serviceName: string; readonly fill: Fill },
  ) {
    this.#components = components;
    this.#fill = of.fill;
    const own = of.sets.filter(({ scope }) => scope.service === of.serviceName);
    const promised = expectations(own).flatMap(({ signal, limits }) =>
      Object.entries(limits).map(([dimension, limit]) => [`${signal}/${dimension}`, limit.warn] as const),
    );
    const beats = own.flatMap(({ sources }) =>
      sources.flatMap(({ signal, expect }) =>
        expect.heartbeat === undefined ? [] : [[`${signal}/heartbeat`, expect.heartbeat / 1_000] as const],
      ),
    );
    this.#limits = new Map([...promised, ...beats]);
  }

  signalsOf(_target: TrustTarget): readonly Signal[] {
    const signals = this.#components.flatMap((component) => signalOf(component) ?? []);
    return [...new Set(signals)].sort();
  }

  hasSamplingMarks(_target: TrustTarget): boolean {
    return this.#components.some(({ dimension }) => dimension === 'sampling');
  }

  #stateOf(of: { signal: Signal; dimension: string; purpose?: string | null }): Outcome {
    const { signal, dimension, purpose = null } = of;
    const asked = purpose === null ? '' : ` for ${purpose}`;
    const component = this.#components.find(
      (one) =>
        signalOf(one) === signal &&
        one.dimension === dimension &&
        (purpose === null || one.required.includes(`right for ${purpose} `)),
    );
    const limit = dimension === 'sampling' ? null : (this.#limits.get(`${signal}/${dimension}`) ?? null);
    const state = component === undefined ? null : restated(component, limit);
    if (state === null) {
      const why = component === undefined ? 'was not recorded' : 'was recorded against another limit';
      this.missing.add(`${dimension} of ${signal}${asked} ${why}`);
    }
    return state ?? this.#fill;
  }

  read({ target, signal, dimension, purpose }: TrustQuestion, nowMs: number): TrustReading {
    const isTime = dimension === 'timeliness';
    const hasBeat = this.#limits.has(`${signal}/heartbeat`);
    const hasLag = this.#limits.has(`${signal}/timeliness`) || !hasBeat;
    const state = isTime && !hasLag ? 'pass' : this.#stateOf({ signal, dimension, purpose: purpose ?? null });
    const beat = isTime && hasBeat ? this.#stateOf({ signal, dimension: 'heartbeat' }) : 'unknown';
    const verdict = verdictOf({ target, signal, dimension, state, beat, nowMs });
    const reasons = [{ code: 'RECORDED', text: 'As the decision recorded it.' }];
    return { state, verdict, reasons, sinceMs: null, validUntilMs: nowMs + 30_000 };
  }
}

function verdictOf(of: {
  target: TrustTarget;
  signal: Signal;
  dimension: Dimension;
  state: Outcome;
  beat: Outcome;
  nowMs: number;
}): Verdict {
  const { target, signal, dimension, state, beat, nowMs } = of;
  const ageS = beat === 'pass' ? 0 : Number.MAX_VALUE;
  const age = { id: 'freshness', estimate: ageS, lower: ageS, upper: ageS, n: 1, kind: 'clock' as const };
  const value = state === 'unknown' ? null : 0;
  return {
    source: {
      tenant: target.tenant ?? '',
      serviceNamespace: target.serviceNamespace ?? '',
      serviceName: target.serviceName,
      serviceInstanceId: '',
      signal,
    },
    dimension,
    outcome: state,
    estimate: value,
    lower: value,
    upper: value,
    confidence: 0.95,
    unit: dimension === 'timeliness' ? 's' : 'ratio',
    n: 0,
    limits: { warn: 0, fail: 0 },
    window: { startMs: nowMs, endMs: nowMs },
    evaluatedAtMs: nowMs,
    validUntilMs: nowMs + 30_000,
    reasons: [],
    estimators: beat === 'unknown' ? [] : [age],
    evidence: {},
  };
}
