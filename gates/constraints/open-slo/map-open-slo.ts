import { z } from 'zod';
import type { Target } from '../constraint-values.ts';
import { type Mismatch, mismatch } from '../mismatch.ts';
import { type QueriedRequests, requestsOfQuery } from './requests-of-query.ts';

/** What an SLI measures, and how much of it is wanted, in the words of the minute's rollups. */
export interface MeasuredSli {
  readonly metric: 'success' | 'p50_ms' | 'p99_ms';
  readonly min: number | null;
  readonly max: number | null;
  /** null: requests of users, wherever they come in. */
  readonly service: string | null;
  readonly route: string | null;
  readonly statusBelow: number | null;
  readonly durationMsBelow: number | null;
}

type Path = Mismatch['path'];
type Mapped = { readonly sli: MeasuredSli } | { readonly refused: readonly Mismatch[] };

const metricPart = z.looseObject({
  metricSource: z.looseObject({
    type: z.string().optional(),
    metricSourceRef: z.string().optional(),
    spec: z.looseObject({ query: z.string().optional() }),
  }),
});
const sliSpec = z.looseObject({
  ratioMetric: z
    .looseObject({
      good: metricPart.optional(),
      bad: metricPart.optional(),
      total: metricPart.optional(),
      raw: z.unknown().optional(),
    })
    .optional(),
  thresholdMetric: metricPart.optional(),
});
const sloSpec = z.looseObject({
  service: z.string().optional(),
  indicator: z.looseObject({ spec: sliSpec }).optional(),
  indicatorRef: z.string().optional(),
  budgetingMethod: z.string().optional(),
  objectives: z.array(
    z.looseObject({
      op: z.enum(['lte', 'lt', 'gte', 'gt']).optional(),
      value: z.number().optional(),
      target: z.number().optional(),
      targetPercent: z.number().optional(),
      indicator: z.unknown().optional(),
      indicatorRef: z.unknown().optional(),
    }),
  ),
});
type SloObjective = z.infer<typeof sloSpec>['objectives'][number];
type MetricPart = z.infer<typeof metricPart>;

function refuse(path: Path, message: string, hint: string): Mapped {
  return { refused: [mismatch(path, message, hint)] };
}

/** The form of a part; what is wrong with it is said at its place. */
function formOf<T>(schema: z.ZodType<T>, value: unknown, at: Path): T | Mismatch[] {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  return result.error.issues.map(({ path, message }) => {
    const where = [...at, ...path.map((key) => (typeof key === 'number' ? key : String(key)))];
    return mismatch(where, `${where.join('.')}: ${message}`, 'see the OpenSLO v1 specification');
  });
}

/**
 * What an OpenSLO v1 document of kind SLI or SLO says, as far as it is about answered requests; paths are from the
 * document's top. Refused is whatever would have to be guessed: other sources than PromQL, precomputed ratios,
 * references, time slices, several objectives.
 * @param target what the constraint file adds; an SLO brings its own
 */
export function mapOpenSlo(
  document: { readonly kind?: string | undefined; readonly spec?: unknown },
  target: Target | undefined,
): Mapped {
  if (document.kind === 'SLO') return mapSlo(document.spec);
  const spec = formOf(sliSpec, document.spec, ['spec']);
  if (Array.isArray(spec)) return { refused: spec };
  return mapSli(spec, { at: ['spec'], service: null, objective: null, target });
}

function mapSlo(written: unknown): Mapped {
  const spec = formOf(sloSpec, written, ['spec']);
  if (Array.isArray(spec)) return { refused: spec };
  const { indicator, indicatorRef, objectives, budgetingMethod, service } = spec;
  const [objective] = objectives;
  if (indicator === undefined) {
    const what =
      indicatorRef === undefined ? 'the SLO has no indicator' : `"${indicatorRef}" is not looked up`;
    return refuse(
      indicatorRef === undefined ? ['spec'] : ['spec', 'indicatorRef'],
      what,
      'write the indicator out',
    );
  }
  if (budgetingMethod !== undefined && budgetingMethod !== 'Occurrences') {
    const message = `budgetingMethod ${budgetingMethod}: requests are counted, not slices of time`;
    return refuse(['spec', 'budgetingMethod'], message, 'write budgetingMethod: Occurrences');
  }
  if (objective === undefined || objectives.length > 1) {
    const message = `${objectives.length} objectives: one constraint holds one`;
    return refuse(['spec', 'objectives'], message, 'write a document for each');
  }
  if (objective.indicator !== undefined || objective.indicatorRef !== undefined) {
    const message = 'a composite SLO has several indicators';
    return refuse(['spec', 'objectives', 0], message, 'write a document for each');
  }
  return mapSli(indicator.spec, {
    at: ['spec', 'indicator', 'spec'],
    service: service ?? null,
    objective,
    target: undefined,
  });
}

interface SliContext {
  readonly at: Path;
  readonly service: string | null;
  /** Of an SLO. */
  readonly objective: SloObjective | null;
  readonly target: Target | undefined;
}

function mapSli(spec: z.infer<typeof sliSpec>, of: SliContext): Mapped {
  const { ratioMetric, thresholdMetric } = spec;
  if ((ratioMetric === undefined) === (thresholdMetric === undefined)) {
    return refuse(of.at, 'an SLI has either a ratioMetric or a thresholdMetric', 'keep one of them');
  }
  if (thresholdMetric !== undefined) return mapThreshold(thresholdMetric, of);
  const { good, bad, total, raw } = ratioMetric ?? {};
  const at = [...of.at, 'ratioMetric'];
  if (raw !== undefined) {
    const message = 'a ratio that was computed elsewhere cannot be held against requests';
    return refuse([...at, 'raw'], message, 'write good and total');
  }
  const part = good ?? bad;
  if (part === undefined || total === undefined || (good !== undefined && bad !== undefined)) {
    return refuse(at, 'a ratioMetric has total and either good or bad', 'write good and total');
  }
  return mapRatio({ part, total, isBad: good === undefined }, { ...of, at });
}

function queried(part: MetricPart, at: Path): QueriedRequests | Mismatch {
  const { type, spec } = part.metricSource;
  const path = [...at, 'metricSource'];
  if (type !== undefined && type.toLowerCase() !== 'prometheus') {
    const message = `a query of ${type} is not read`;
    return mismatch([...path, 'type'], message, 'write it in PromQL, or as service, route and good');
  }
  if (spec.query === undefined) {
    return mismatch([...path, 'spec'], 'the metricSource has no query', 'write spec: { query: … }');
  }
  const read = requestsOfQuery(spec.query);
  return 'message' in read ? mismatch([...path, 'spec', 'query'], read.message, read.hint) : read;
}

function isRefused(read: QueriedRequests | Mismatch): read is Mismatch {
  return 'severity' in read;
}

function mapRatio(
  { part, total, isBad }: { part: MetricPart; total: MetricPart; isBad: boolean },
  of: SliContext,
): Mapped {
  const partAt = [...of.at, isBad ? 'bad' : 'good'];
  const [some, all] = [queried(part, partAt), queried(total, [...of.at, 'total'])];
  const refused = [some, all].filter(isRefused);
  if (isRefused(some) || isRefused(all)) return { refused };
  const query = (at: Path): Path => [...at, 'metricSource', 'spec', 'query'];
  if (some.quantile !== null || all.quantile !== null) {
    return refuse(
      query(partAt),
      'a ratio of a quantile is no share of requests',
      'count requests, or use a thresholdMetric',
    );
  }
  if (
    all.statusBelow !== null ||
    all.statusFrom !== null ||
    all.errors !== 'any' ||
    all.durationMsBelow !== null
  ) {
    return refuse(
      query([...of.at, 'total']),
      'total leaves requests out',
      'count all requests of the service or route',
    );
  }
  if (some.service !== all.service || some.route !== all.route || some.method !== all.method) {
    return refuse(
      query(partAt),
      `${isBad ? 'bad' : 'good'} and total are about different requests`,
      'give both the same labels',
    );
  }
  const isTurned = isBad
    ? some.statusBelow !== null || some.errors === 'none' || some.durationMsBelow !== null
    : some.statusFrom !== null || some.errors === 'some';
  const saysNothing =
    some.statusBelow === null &&
    some.statusFrom === null &&
    some.errors === 'any' &&
    some.durationMsBelow === null;
  if (isTurned || saysNothing) {
    const message = `${isBad ? 'bad' : 'good'} does not count ${isBad ? 'failed' : 'good'} requests`;
    return refuse(query(partAt), message, `add http_response_status_code${isBad ? '=~' : '!~'}"5.."`);
  }
  const min = of.objective === null ? of.target?.value : targetOf(of.objective);
  const where: Path = of.objective === null ? [] : ['spec', 'objectives', 0];
  if (min === undefined) return refuse(where, 'the objective has no target', 'add target: 0.995');
  if (!(min > 0 && min <= 1) || of.target?.comparator === '<=') {
    return refuse(
      where,
      `a share of good requests cannot be meant to be ${of.target?.comparator ?? '>='} ${min}`,
      'write it like ">= 99.5%"',
    );
  }
  return {
    sli: {
      metric: 'success',
      min,
      max: null,
      service: some.service ?? of.service,
      route: routeOf(some),
      statusBelow: isBad ? some.statusFrom : some.statusBelow,
      durationMsBelow: some.durationMsBelow,
    },
  };
}

/** 99.9 / 100 is 0.9990000000000001 to a computer, and nobody wrote that. */
function targetOf({ target, targetPercent }: SloObjective): number | undefined {
  if (target !== undefined || targetPercent === undefined) return target;
  return Number((targetPercent / 100).toPrecision(12));
}

function routeOf({ method, route }: QueriedRequests): string | null {
  const parts = [method, route].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(' ');
}

function mapThreshold(part: MetricPart, of: SliContext): Mapped {
  const at = [...of.at, 'thresholdMetric'];
  const query = [...at, 'metricSource', 'spec', 'query'];
  const read = queried(part, at);
  if (isRefused(read)) return { refused: [read] };
  const metric = ({ 0.5: 'p50_ms', 0.99: 'p99_ms' } as const)[String(read.quantile)];
  if (metric === undefined) {
    const what = read.quantile === null ? 'a count of requests' : `the quantile ${read.quantile}`;
    return refuse(query, `${what} is not known by the minute`, 'take the quantile 0.5 or 0.99');
  }
  if (read.statusBelow !== null || read.statusFrom !== null || read.errors !== 'any') {
    return refuse(query, 'durations are not told apart by outcome', 'take the quantile over all requests');
  }
  const { op, value } = of.objective ?? {};
  const isLess = of.objective === null ? of.target?.comparator === '<=' : op === 'lte' || op === 'lt';
  // An SLO counts in the unit of its query, which is seconds; a constraint file in milliseconds.
  const isMs = /_milliseconds/.test(part.metricSource.spec.query ?? '');
  const max = of.objective === null ? of.target?.value : value !== undefined && value * (isMs ? 1 : 1_000);
  const where: Path = of.objective === null ? [] : ['spec', 'objectives', 0];
  if (typeof max !== 'number')
    return refuse(where, 'the objective has no value', 'add op: lte and value: 0.3');
  if (!isLess || max <= 0) {
    return refuse(where, 'a latency that may not be lower is not meant', 'write op: lte and a value above 0');
  }
  return {
    sli: {
      metric,
      min: null,
      max,
      service: read.service ?? of.service,
      route: routeOf(read),
      statusBelow: null,
      durationMsBelow: null,
    },
  };
}
