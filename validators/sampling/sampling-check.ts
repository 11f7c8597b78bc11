/** The checks of sampling.md section 5. Log records have c1 to c3, c5, c8 and c9 too; c6 is what only they can be asked. */
export type CheckId = 'c1' | 'c2' | 'c3' | 'c4' | 'c5' | 'c6' | 'c7' | 'c8' | 'c9' | 'c10' | 'c11';

/**
 * pass: shown to be right, within stated bounds. fail: shown to be wrong. insufficient: too little to show either.
 * unverifiable: what it takes is not there (no weight, no independent counter), and more of the same will not help.
 * not-applicable: there is nothing of the kind.
 */
export type SamplingOutcome = 'pass' | 'fail' | 'insufficient' | 'unverifiable' | 'not-applicable';

export interface SamplingCheck {
  readonly check: CheckId;
  readonly outcome: SamplingOutcome;
  /** Stable, in capitals: why it is so. */
  readonly code: string;
  readonly estimate: number | null;
  /** Of the confidence that PASS takes (1 - passAlpha); null where there is none to give. */
  readonly lower: number | null;
  readonly upper: number | null;
  /** What `estimate` rests on: spans, traces or calls, as counted. */
  readonly n: number;
  /** Chance of what was seen, or more, were nothing wrong; corrected for the looks the check takes. */
  readonly pValue: number | null;
  /** Evidence against "nothing is wrong", valid at every look: its mean is at most 1 where that is true. */
  readonly eValue: number | null;
  /** FAIL takes pValue <= alpha, or eValue >= 1 / alpha. */
  readonly alpha: number;
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** How sure and how near; a gate's tolerances may replace those of need. */
export interface SamplingPolicy {
  /** Of each check of one window of one source: 1.2e7 tests a day then alarm falsely once in a hundred days. */
  readonly alpha: number;
  /** Of the drift of one source over all its looks. */
  readonly lifetimeAlpha: number;
  /** An interval of PASS misses the truth so often. */
  readonly passAlpha: number;
  /** What is rarer than this is no alarm yet, but it is no PASS either. */
  readonly doubtAlpha: number;
  /** Systematic deviation nobody is blamed for: edges of windows, late spans. 0 where windows are exact. */
  readonly tolerance: number;
  /**
   * PASS of a rate: adjusted counts within this of the population's. A tenth: at 5 % a service sampled at 1 in 20 would
   * need 13,000 sampled spans to pass, and nothing scales by twentieths.
   */
  readonly rateWithin: number;
  /** PASS of stability: rates of both halves within this of each other. */
  readonly driftWithin: number;
  /** PASS of a class: its share within this factor of the counter's. */
  readonly classFactor: number;
  /** Share of parents or sampled spans that may be lost. */
  readonly lossTolerated: number;
  /** Share of contradictions that is a fault once beyond doubt, and the share below which a source passes. */
  readonly contradictionsFail: number;
  readonly contradictionsPass: number;
  /** Share of spans without weight above which counts are unusable. */
  readonly weightlessMax: number;
}

export const SAMPLING_POLICY: SamplingPolicy = {
  alpha: 1e-9,
  lifetimeAlpha: 1e-6,
  passAlpha: 1e-3,
  doubtAlpha: 1e-5,
  tolerance: 0.02,
  rateWithin: 0.1,
  driftWithin: 0.25,
  classFactor: 2.5,
  lossTolerated: 0.01,
  contradictionsFail: 0.001,
  contradictionsPass: 0.01,
  weightlessMax: 0.01,
};

/** A check that has no number to give. */
export function unjudged(
  check: CheckId,
  outcome: SamplingOutcome,
  of: {
    readonly code: string;
    readonly alpha: number;
    readonly n?: number;
    readonly evidence?: SamplingCheck['evidence'];
  },
): SamplingCheck {
  return {
    check,
    outcome,
    code: of.code,
    estimate: null,
    lower: null,
    upper: null,
    n: of.n ?? 0,
    pValue: null,
    eValue: null,
    alpha: of.alpha,
    evidence: of.evidence ?? {},
  };
}
