/** Something that people may well mean, and that nothing here can hold a system against. */
interface NotEvaluated {
  /** The place, with `*` for a position in a list. */
  readonly at: string;
  /** Left out: whatever is written there. */
  readonly written?: RegExp;
  readonly message: string;
  readonly hint: string;
}

const SAMPLING = 'sources.*.expect.sampling';

/**
 * Refused, each with its reason and what says the nearest thing: an unknown key alone reads like a slip of the pen, and
 * what was accepted without effect would be a promise that nobody keeps.
 */
export const NOT_EVALUATED: readonly NotEvaluated[] = [
  {
    at: 'sources.*.expect.completeness',
    written: /%\s*over\s/,
    message: 'completeness has no window of its own: it fails on 40 s of data, and passes on up to 10 min',
    hint: 'write ">= 98%"; what may be short for a while goes under failureTolerance.tolerate: {lose: traces, for: 5m, asIf: degraded}',
  },
  {
    at: `${SAMPLING}.declared`,
    written: /^tail$/,
    message: 'a tail sampler that writes no ot=th leaves nobody a way to tell how many its spans stand for',
    hint: 'where it writes th say declared: consistent; else declared: none with for: existence, or counts are unknown for ever',
  },
  {
    at: `${SAMPLING}.keepErrors`,
    message: 'which share of the errors is kept is not measured by itself',
    hint: 'for: existence asks that errors are not lost, against a counter that no sampler touched',
  },
  {
    at: `${SAMPLING}.headRatio`,
    message:
      'spans say themselves how many they stand for, and that is held against a counter: a rate written beside it is not',
    hint: 'drop it; maxRelError: 10% says how near adjusted counts must be shown to be',
  },
  {
    at: 'sources.*.expect.instancesFrom',
    message: 'instances are not counted against what a platform says there should be',
    hint: 'write completeness: calls to an instance whose spans are missing count as lost',
  },
  {
    at: 'intent.*.expr',
    written: /zone/,
    message: 'shares of zones are no intent of requests',
    hint: 'write design.topology.zones: {SERVICE: {minShare: 0.2, maxShare: 0.5}}: an intent-drift finding tells and holds',
  },
  {
    at: 'intent.*.expr',
    written: /cost/,
    message: 'what requests cost is an objective of the whole, not an intent of a service',
    hint: 'write objectives.global: [{id: cost, metric: cost_per_request, maxRatioToReference: 1.04}]',
  },
  {
    at: 'intent.*.expr',
    written: /retr(y|ies)/,
    message: 'retries have a budget over all callers, not an intent of a service',
    hint: 'write design.retries.budget: 0.02: an intent-drift finding tells and holds',
  },
  {
    at: 'intent.*.expr',
    written: /[-+/()]/,
    message: 'sums and ratios of metrics are not evaluated as an intent',
    hint: 'write traces.ok_ratio, or metrics.ok_ratio, which goes by http.server.request.duration and its error.type and status',
  },
  {
    at: 'intent.*.expr',
    written: /^metrics\.p\d+_ms$/,
    message: 'the buckets of a histogram do not tell a quantile to the millisecond',
    hint: 'write it of traces: traces.p95_ms',
  },
  {
    at: 'intent.*.tolerance',
    message: 'an intent has a target and no tolerance: it is met, missed, or too near to tell',
    hint: 'move the target; settings of a service have design.services.SERVICE.tolerance',
  },
  {
    at: 'drift.localVsGlobal',
    message: 'what actors work for stands under objectives, and is compared by itself',
    hint: 'write objectives.local: [{id: thrift, actor: NAME, minimise: cost}] beside objectives.global; drift.hold says what the finding holds',
  },
  {
    at: 'drift.stabilisedBad.noOpenIncident',
    message: 'the finding opens during incidents too, so that it is not missed when they close',
    hint: 'drop it; notify.ticket: "drift:*" keeps on-call from being told twice',
  },
  {
    at: 'drift.frozen',
    message: 'a frozen source is told by its age, not by a drift rule',
    hint: 'write expect.heartbeat: 10m of the source: what is older is SRC_LATE',
  },
  {
    at: 'guardrails.fleet',
    message: 'a fleet is written into the budget that it shares',
    hint: 'write guardrails.changeBudget: [{per: 10m, maxActions: 6, over: [cart, db]}]',
  },
];

/** What is known of a place whose value or key the schema refused. */
export function notEvaluated(path: readonly PropertyKey[], written: unknown): NotEvaluated | null {
  const at = path.map((step) => (typeof step === 'number' ? '*' : String(step))).join('.');
  const found = NOT_EVALUATED.find(
    (row) => row.at === at && (row.written === undefined || row.written.test(String(written))),
  );
  return found ?? null;
}
