import type { SourceChecks } from './check-source.ts';
import type { CheckId, SamplingOutcome } from './sampling-check.ts';

/** Where to look: who could have done this. */
type SamplingConfiguration =
  | 'logger'
  | 'sdk-sampler'
  | 'sdk-id-generator'
  | 'probabilistic-sampler'
  | 'tail-sampling'
  | 'refinery'
  | 'propagation'
  | 'export-path';

export interface SamplingDiagnosis {
  /** Stable, in capitals. */
  readonly code: string;
  /** The most likely cause, in a sentence. */
  readonly cause: string;
  readonly evidence: readonly string[];
  readonly lookAt: readonly { readonly where: SamplingConfiguration; readonly what: string }[];
}

interface Pattern {
  readonly code: string;
  readonly cause: string;
  readonly lookAt: SamplingDiagnosis['lookAt'];
  /** Checks that tell it; their evidence is shown. */
  readonly rests: readonly CheckId[];
  readonly matches: (checks: SourceChecks) => boolean;
}

const COLLECTOR_EQUALIZING = {
  where: 'probabilistic-sampler',
  what: 'mode: equalizing or proportional, which raise th; hash_seed does not, and with fail_closed it drops spans that carry th',
} as const;
const TAIL_FEATURE = {
  where: 'tail-sampling',
  what: 'it writes no th, except the probabilistic policy behind its feature gate; keep errors and slow traces by a stage that does',
} as const;
const REFINERY_RATE = {
  where: 'refinery',
  what: 'meta.refinery.final_sample_rate must arrive with the spans; before 3.0 the rate of the resource was overwritten or missed',
} as const;
const SDK_COMPOSITE = {
  where: 'sdk-sampler',
  what: 'a composite (consistent) sampler writes th; TraceIdRatioBased never does',
} as const;

/**
 * The rows of the table of faults, the most telling pattern first: more than one may hold, as an id generator that
 * follows the clock also bends uniformity and counts. What a later pattern merely repeats is not said again.
 */
const PATTERNS: readonly Pattern[] = [
  {
    code: 'CHILDREN_DECIDE_ALONE',
    cause:
      'Spans are sampled by a coin of their own while they carry the threshold of a consistent sampler: counts may be right, traces are broken.',
    rests: ['c1', 'c4'],
    lookAt: [
      {
        where: 'sdk-sampler',
        what: 'ParentBased or ComposableParentThreshold around the sampler of this service; no sampler that ignores the trace id',
      },
      {
        where: 'propagation',
        what: 'tracestate must reach this service: an rv lost on the way makes R another number',
      },
    ],
    matches: ({ c1 }) => failed(c1),
  },
  {
    code: 'WEIGHTS_LAUNDERED',
    cause:
      'The trace ids bear the print of an older sampler that left no threshold, and a later stage labelled its spans as if it had seen everything: they stand for far more than they say.',
    rests: ['c7', 'c4', 'c3'],
    lookAt: [
      {
        where: 'sdk-sampler',
        what: 'TraceIdRatioBased before a Collector that writes th; set its ratio to 1 or use a composite sampler',
      },
      { where: 'probabilistic-sampler', what: 'it takes an absent th for 100 %; sample in one place only' },
    ],
    matches: ({ c4, c7 }) =>
      (failed(c7) && c7.code === 'SAMPLED_BEFORE_BY_ID') || (failed(c4) && c4.code === 'WEIGHT_GAINED'),
  },
  {
    code: 'TRACE_IDS_NOT_RANDOM',
    cause:
      'Trace ids are not random in their low 56 bits (a clock, a counter or a constant), so that whole periods are kept or dropped together.',
    rests: ['c7', 'c2', 'c3'],
    lookAt: [
      {
        where: 'sdk-id-generator',
        what: 'the id generator of the root service; or have the root send an explicit rv',
      },
    ],
    matches: ({ c7 }) =>
      failed(c7) && c7.code !== 'SAMPLED_BEFORE_BY_ID' && !hasRandomness(c7.evidence, c7.n),
  },
  {
    code: 'WEIGHTS_STRIPPED',
    cause:
      'Spans of this service lost their th on the way, while their callers still have it: their weights are unknown, not 1.',
    rests: ['c9', 'c4'],
    lookAt: [
      {
        where: 'propagation',
        what: 'tracestate over 512 characters is cut from the right; proxies and non-OTLP hops drop it',
      },
      { where: 'sdk-sampler', what: 'a sampler of this service that returns a new, empty tracestate' },
      REFINERY_RATE,
    ],
    matches: ({ c4, c9 }) =>
      (failed(c9) && c9.code === 'WEIGHTS_STOPPED') || (failed(c4) && c4.code === 'WEIGHT_LOST'),
  },
  {
    code: 'TAIL_SAMPLED_UNLABELLED',
    cause:
      'Errors or slow traces are kept more often than the rest, and no span says how often: neither counts nor shares can be used.',
    rests: ['c9', 'c5'],
    lookAt: [TAIL_FEATURE, REFINERY_RATE, SDK_COMPOSITE],
    matches: ({ c5, c9 }) => failed(c9) && isOver(c5),
  },
  {
    code: 'TAIL_THRESHOLD_NOT_UPDATED',
    cause:
      'Errors or slow traces are kept more often than the rest, and spans still carry the threshold from before: they claim to be everything.',
    rests: ['c5', 'c3'],
    lookAt: [TAIL_FEATURE, REFINERY_RATE],
    matches: ({ c3, c5 }) => isOver(c5) && !rose(c3),
  },
  {
    code: 'CLASS_LOST',
    cause: 'A class of spans (errors or slow ones) is missing beyond chance, after it was sampled.',
    rests: ['c5', 'c4', 'c3'],
    lookAt: [
      {
        where: 'export-path',
        what: 'timeouts, size limits and filters between this service and here: long spans end in the last batch of a process that stops',
      },
      {
        where: 'tail-sampling',
        what: 'decision_wait shorter than the slow traces: late spans meet a decision that has expired',
      },
    ],
    matches: ({ c5 }) => failed(c5) && !isOver(c5),
  },
  {
    code: 'THRESHOLD_RAISED_UNLABELLED',
    cause:
      'The real threshold is above the declared one: no span lies just above its th any more. Some stage samples by R and does not update th.',
    rests: ['c2', 'c8', 'c3'],
    lookAt: [
      COLLECTOR_EQUALIZING,
      { where: 'sdk-sampler', what: 'a rate that was changed while th is written from an old setting' },
    ],
    matches: ({ c2 }) => failed(c2) && c2.code === 'REAL_THRESHOLD_HIGHER',
  },
  {
    code: 'RATE_DRIFTED',
    cause:
      'The share of the population that arrives changed while the declared rate did not, independently of the trace ids: spans are lost, or thinned by a coin.',
    rests: ['c8', 'c3'],
    lookAt: [
      { where: 'export-path', what: 'queues, memory limiters and refused exports since then' },
      { where: 'tail-sampling', what: 'num_traces overflow, and rate limits that set in' },
      COLLECTOR_EQUALIZING,
    ],
    matches: ({ c8 }) => failed(c8),
  },
  {
    code: 'RANDOMNESS_NOT_UNIFORM',
    cause:
      'R is not uniform above the threshold: some stage keeps or drops by R in a way that th does not tell.',
    rests: ['c2'],
    lookAt: [COLLECTOR_EQUALIZING],
    matches: ({ c2 }) => failed(c2),
  },
  {
    code: 'SPANS_LOST',
    cause:
      'Spans were lost one by one after they were sampled: parents are missing that every sampler would have kept, or what the SDK kept did not arrive.',
    rests: ['c4', 'c3'],
    lookAt: [
      {
        where: 'export-path',
        what: 'dropped spans of the batch processor, refused spans of Collectors, restarts',
      },
      {
        where: 'tail-sampling',
        what: 'replicas without routing by trace id split the decisions of one trace',
      },
    ],
    matches: ({ c3, c4 }) =>
      (failed(c4) && c4.code === 'PARENTS_MISSING') || (failed(c3) && fell(c3) && isSlight(c3.estimate)),
  },
  {
    code: 'SAMPLED_TWICE_UNLABELLED',
    cause:
      'A steady share of whole traces is gone while th tells of one stage only: a second one thins them and does not update th.',
    rests: ['c3', 'c8'],
    lookAt: [COLLECTOR_EQUALIZING, TAIL_FEATURE, REFINERY_RATE],
    matches: ({ c3 }) => failed(c3) && fell(c3),
  },
  {
    code: 'COUNTED_TOO_OFTEN',
    cause:
      'Adjusted counts exceed the population: a weight is multiplied twice, a retried batch is counted again, or the counter does not see all routes.',
    rests: ['c3'],
    lookAt: [
      REFINERY_RATE,
      {
        where: 'probabilistic-sampler',
        what: 'proportional after a stage that has already accounted for its rate',
      },
    ],
    matches: ({ c3 }) => failed(c3) && rose(c3),
  },
  {
    code: 'TRACES_CONTRADICT',
    cause:
      'Two spans of one trace carry different explicit randomness: somebody made a new rv in the middle of it.',
    rests: ['c4'],
    lookAt: [
      { where: 'sdk-sampler', what: 'only the root may write rv' },
      { where: 'probabilistic-sampler', what: 'hash_seed writes its own rv' },
    ],
    matches: ({ c4 }) => failed(c4) && c4.code === 'RANDOMNESS_CONFLICT',
  },
  {
    code: 'LOGS_FOLLOW_TRACES',
    cause:
      'Log records arrive for sampled traces alone and do not say so: they stand for the share of traffic that was sampled.',
    rests: ['c6'],
    lookAt: [
      {
        where: 'logger',
        what: 'trace_based of the logger configuration; count by the weight of the trace, or switch it off',
      },
    ],
    matches: ({ c6 }) => failed(c6) && c6.code === 'RECORDS_FOLLOW_TRACES',
  },
  {
    code: 'NAMED_TRACES_MISSING',
    cause:
      'Exemplars or log records name traces as sampled of which no span is here, though every threshold on the way keeps them: whole traces are lost, or thinned by a stage that writes no th.',
    rests: ['c10', 'c6'],
    lookAt: [{ where: 'export-path', what: 'spans dropped between this service and here' }, TAIL_FEATURE],
    matches: ({ c6, c10 }) => failed(c10) || (failed(c6) && c6.code === 'TRACES_OF_RECORDS_MISSING'),
  },
  {
    code: 'SENT_BY_TWO_TAPS',
    cause:
      'The same spans arrive under two thresholds: two stages of one pipeline send here, and whichever copy comes first gives the weight.',
    rests: ['c11'],
    lookAt: [
      { where: 'export-path', what: 'export from behind the last stage that samples, and from there alone' },
      COLLECTOR_EQUALIZING,
    ],
    matches: ({ c11 }) => failed(c11),
  },
  {
    code: 'WEIGHTS_ABSENT',
    cause: 'Spans do not say how many they stand for, so counts are unknown, not 1 each.',
    rests: ['c9', 'c7'],
    lookAt: [SDK_COMPOSITE, REFINERY_RATE],
    matches: ({ c9 }) => failed(c9),
  },
];

/** A cause explains what stands below it in the same breath. */
const EXPLAINS: Readonly<Record<string, readonly string[]>> = {
  CHILDREN_DECIDE_ALONE: ['RANDOMNESS_NOT_UNIFORM', 'THRESHOLD_RAISED_UNLABELLED', 'SPANS_LOST'],
  WEIGHTS_LAUNDERED: [
    'RANDOMNESS_NOT_UNIFORM',
    'THRESHOLD_RAISED_UNLABELLED',
    'SAMPLED_TWICE_UNLABELLED',
    'COUNTED_TOO_OFTEN',
    'SPANS_LOST',
  ],
  TRACE_IDS_NOT_RANDOM: [
    'RANDOMNESS_NOT_UNIFORM',
    'THRESHOLD_RAISED_UNLABELLED',
    'RATE_DRIFTED',
    'SAMPLED_TWICE_UNLABELLED',
    'COUNTED_TOO_OFTEN',
    'SPANS_LOST',
  ],
  WEIGHTS_STRIPPED: ['WEIGHTS_ABSENT'],
  TAIL_SAMPLED_UNLABELLED: ['WEIGHTS_ABSENT', 'TAIL_THRESHOLD_NOT_UPDATED'],
  TAIL_THRESHOLD_NOT_UPDATED: ['SAMPLED_TWICE_UNLABELLED', 'SPANS_LOST'],
  CLASS_LOST: ['SPANS_LOST', 'SAMPLED_TWICE_UNLABELLED'],
  THRESHOLD_RAISED_UNLABELLED: [
    'RANDOMNESS_NOT_UNIFORM',
    'RATE_DRIFTED',
    'SAMPLED_TWICE_UNLABELLED',
    'SPANS_LOST',
  ],
  RATE_DRIFTED: ['SAMPLED_TWICE_UNLABELLED', 'COUNTED_TOO_OFTEN', 'SPANS_LOST'],
  SPANS_LOST: ['SAMPLED_TWICE_UNLABELLED'],
};

/**
 * What went wrong with one source's sampling, most likely cause first; empty where no check fails.
 * @see sampling.md section 4 and the table at the end of section 5
 */
export function diagnose(checks: SourceChecks): SamplingDiagnosis[] {
  const held = PATTERNS.filter(({ matches }) => matches(checks));
  const explained = new Set(held.flatMap(({ code }) => EXPLAINS[code] ?? []));
  return held
    .filter(({ code }) => !explained.has(code))
    .map(({ code, cause, lookAt, rests }) => ({
      code,
      cause,
      lookAt,
      evidence: rests.filter((id) => checks[id].outcome === 'fail').map((id) => tell(id, checks)),
    }));
}

/** Losses of a few percent are lost one by one; nobody configures a stage that keeps 95 %. */
const SLIGHT = 0.1;

function isSlight(estimate: number | null): boolean {
  return estimate !== null && Math.abs(estimate - 1) < SLIGHT;
}

function failed({ outcome }: { readonly outcome: SamplingOutcome }): boolean {
  return outcome === 'fail';
}

function isOver(c5: SourceChecks['c5']): boolean {
  return failed(c5) && c5.code.endsWith('_OVER_REPRESENTED');
}

function fell({ estimate }: SourceChecks['c3']): boolean {
  return estimate !== null && estimate < 1;
}

function rose(c3: SourceChecks['c3']): boolean {
  return failed(c3) && !fell(c3);
}

/** Nearly all ids come with rv: then they may be anything. */
function hasRandomness(evidence: SourceChecks['c7']['evidence'], traces: number): boolean {
  return Number(evidence['withRandomness'] ?? 0) >= 0.99 * traces;
}

function tell(id: CheckId, checks: SourceChecks): string {
  const { code, estimate, n, pValue, eValue, evidence } = checks[id];
  const number = (value: number) => Number(value.toPrecision(3));
  const example = evidence['exampleTraceId'];
  return [
    `${id} ${code}`,
    ...(estimate === null ? [] : [`estimate ${number(estimate)}`]),
    `n ${Math.round(n)}`,
    ...(pValue === null ? [] : [`p ${number(pValue)}`]),
    ...(eValue === null ? [] : [`e ${number(eValue)}`]),
    ...(typeof example === 'string' && example !== '' ? [`trace ${example}`] : []),
  ].join(', ');
}
