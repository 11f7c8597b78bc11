import { type CounterSeries, instanceKey } from '../../../core/counter-series.ts';
import type { ServerSpans } from '../../../core/counter-server-spans.ts';
import type { DeclaredCounter } from '../../../core/expectation.ts';
import type { CountingUnit } from '../../../core/sampling/aligned-window.ts';
import type { PopulationSeries } from '../../../core/sampling/population-series.ts';
import { type ServiceId, serviceKey } from '../../../core/service-key.ts';
import { type Source, sourceKey } from '../../../core/source.ts';
import type { Reason } from '../../../core/verdict.ts';
import { isIdentityShared } from '../../counters/identity-shared.ts';
import { type CounterCurve, counterCurve } from './counter-curve.ts';
import { durationClasses } from './duration-class.ts';
import { tellsErrors } from './error-class.ts';
import { liveVariance } from './live-variance.ts';
import type { Population } from './population.ts';
import { tracedRoutes } from './traced-routes.ts';

export interface PopulationEvidence {
  /** As `readPopulationSeries` gives them. */
  readonly series: readonly PopulationSeries[];
  /** As `readTracedInstances` gives them. */
  readonly traced: readonly { readonly instance: CounterSeries['instance']; readonly spans: number }[];
  /** As `readCounterServerSpans` gives them: which routes are traced. */
  readonly spans: readonly ServerSpans[];
  /** What people named, and its readings by `readDeclaredCounters`. */
  readonly declared: readonly {
    readonly source: Source;
    readonly counter: DeclaredCounter;
    readonly series: readonly PopulationSeries[];
  }[];
  /** Start of the stretch that was read. */
  readonly fromMs: number;
}

const STARTED = 'otel.sdk.span.started';
const CREATED = 'otel.sdk.log.created';
const REQUESTS = [
  'http.server.request.duration',
  'rpc.server.call.duration',
  'messaging.process.duration',
] as const;
const ORIGIN = 'otel.span.parent.origin';
/** Spans of processes that do not count may be that share of all: what a count may be too small by. */
const UNCOUNTED_MAX = 0.005;

/**
 * Counters that may be held against the sampled spans of each service, best first:
 * 1. what a constraint names;
 * 2. `otel.sdk.span.started` of spans without a local parent: these are the local roots, dropped ones included;
 * 3. the requests of its servers and consumers, the only ones that tell errors and durations. Before 2 where routes
 *    are known that are never traced, as the SDK counts those too, without a route;
 * 4. `otel.sdk.span.started` of all spans, where it does not tell a local parent: comparable with all spans only.
 * Log records have `otel.sdk.log.created`, or what a constraint names.
 * One that cannot be a witness is there with its veto. The Collector's counters are not among them: they do not say
 * whose spans passed.
 * @returns by sourceKey of the traces of the service, or of its logs
 * @see sampling.md section 5, c3
 */
export function findPopulations(evidence: PopulationEvidence): ReadonlyMap<string, readonly Population[]> {
  const found = new Map<string, Population[]>();
  for (const { source, counter, series } of evidence.declared) {
    const population = declaredPopulation({ source, counter, series, fromMs: evidence.fromMs });
    if (population !== null) append(found, population);
  }
  const tracedOf = Map.groupBy(evidence.traced, ({ instance }) => serviceKey(instance));
  const spansOf = Map.groupBy(evidence.spans, ({ instance }) => serviceKey(instance));
  for (const [key, series] of Map.groupBy(evidence.series, ({ instance }) => serviceKey(instance))) {
    const of: ServiceEvidence = {
      source: tracesOf((series[0] as PopulationSeries).instance),
      series,
      traced: tracedOf.get(key) ?? [],
      spans: spansOf.get(key) ?? [],
      fromMs: evidence.fromMs,
    };
    const requests = requestPopulation(of);
    const started = startedPopulation(of);
    const isRouted = (requests?.routesNotTraced.length ?? 0) > 0;
    const ranked = isRouted || started?.unit === 'spans' ? [requests, started] : [started, requests];
    for (const population of [...ranked, createdPopulation(of)])
      if (population !== null) append(found, population);
  }
  return found;
}

interface ServiceEvidence extends Omit<PopulationEvidence, 'declared'> {
  readonly source: Source;
}

function append(found: Map<string, Population[]>, population: Population): void {
  const key = sourceKey(population.source);
  found.set(key, [...(found.get(key) ?? []), population]);
}

function tracesOf({ tenant, serviceNamespace, serviceName }: ServiceId): Source {
  return { tenant, serviceNamespace, serviceName, serviceInstanceId: '', signal: 'traces' };
}

function startedPopulation(of: ServiceEvidence): Population | null {
  const started = of.series.filter(({ metric }) => metric === STARTED);
  if (started.length === 0) return null;
  const isTold = started.every(({ labels }) => (labels[ORIGIN] ?? '') !== '');
  const roots = isTold ? started.filter(({ labels }) => labels[ORIGIN] !== 'local') : started;
  const population = build(of, { series: roots, counter: STARTED, unit: isTold ? 'roots' : 'spans' });
  if (population === null) return null;
  const live = of.series.filter(({ metric }) => metric === 'otel.sdk.span.live');
  return {
    ...population,
    tellsSampled: started.some(({ labels }) => (labels['otel.span.sampling_result'] ?? '') !== ''),
    live: liveVariance(live, population.curves),
  };
}

/** Every record is its own root. Which processes log is not told by which are traced. */
function createdPopulation(of: ServiceEvidence): Population | null {
  const series = of.series.filter(({ metric }) => metric === CREATED);
  const source: Source = { ...of.source, signal: 'logs' };
  return build({ ...of, source, traced: [] }, { series, counter: CREATED, unit: 'roots' });
}

function requestPopulation(of: ServiceEvidence): Population | null {
  const all = of.series.filter(({ metric }) => (REQUESTS as readonly string[]).includes(metric));
  const own = all.filter(({ isDerived }) => !isDerived);
  const counters = [...new Set((own.length > 0 ? own : all).map(({ metric }) => metric))].sort();
  const counter = counters.join(' + ');
  if (all.length > 0 && own.length === 0) {
    const population = build(of, { series: all, counter, unit: 'requests' });
    return population === null ? null : { ...population, veto: derivedVeto(counter) };
  }
  const { series, routesNotTraced } = tracedRoutes(own, of.spans);
  const population = build(of, { series, counter, unit: 'requests' });
  return population === null ? null : { ...population, routesNotTraced };
}

function derivedVeto(counter: string): Reason {
  const text = `${counter} was made from spans by a Collector, so it counts what was sampled and is no independent counter; let the service count its own requests, or name another counter under sources: expect.sampling.counter.`;
  return { code: 'COUNTER_DERIVED', text };
}

function build(
  of: ServiceEvidence,
  counted: {
    readonly series: readonly PopulationSeries[];
    readonly counter: string;
    readonly unit: CountingUnit;
  },
): Population | null {
  const curves = curvesOf(counted.series, of.fromMs);
  if (curves.length === 0) return null;
  return {
    source: of.source,
    counter: counted.counter,
    unit: counted.unit,
    curves,
    tellsErrors: tellsErrors(counted.series),
    tellsDurations: counted.series.every(({ boundsMs }) => durationClasses(boundsMs) !== null),
    tellsSampled: false,
    live: 0,
    routesNotTraced: [],
    veto: sharedVeto(counted.series) ?? uncountedVeto(curves, of.traced),
  };
}

function curvesOf(series: readonly PopulationSeries[], fromMs: number): CounterCurve[] {
  const byInstance = Map.groupBy(series, ({ instance }) => instanceKey(instance));
  return [...byInstance.values()].flatMap((own) => counterCurve(own, fromMs) ?? []);
}

function declaredPopulation(of: {
  readonly source: Source;
  readonly counter: DeclaredCounter;
  readonly series: readonly PopulationSeries[];
  readonly fromMs: number;
}): Population | null {
  const { source, counter } = of;
  const where = Object.entries(counter.where);
  const series = of.series.filter(
    ({ instance, metric, labels }) =>
      instance.tenant === source.tenant &&
      instance.serviceName === counter.serviceName &&
      metric === counter.metric &&
      where.every(([label, value]) => labels[label] === value),
  );
  const evidence = { source, series, traced: [], spans: [], fromMs: of.fromMs };
  const population = build(evidence, { series, counter: counter.metric, unit: counter.counts });
  if (population === null) return null;
  const isDerived = series.some((one) => one.isDerived);
  return isDerived ? { ...population, veto: derivedVeto(counter.metric) } : population;
}

function sharedVeto(series: readonly PopulationSeries[]): Reason | null {
  const byInstance = Map.groupBy(series, ({ instance }) => instanceKey(instance));
  const isShared = [...byInstance.values()].some((own) => isIdentityShared(withStretches(own)));
  if (!isShared) return null;
  const text =
    'Several processes count under one identity, so what each added cannot be told; give each a service.instance.id of its own.';
  return { code: 'IDENTITY_SHARED', text };
}

/** Series of one reading are no stretch: side by side they would look like a restart. */
function withStretches(series: readonly PopulationSeries[]): readonly PopulationSeries[] {
  return series.filter(({ points }) => points.length > 1);
}

function uncountedVeto(curves: readonly CounterCurve[], traced: PopulationEvidence['traced']): Reason | null {
  const counting = new Set(curves.map(({ instance }) => instanceKey(instance)));
  const silent = traced.filter(({ instance }) => !counting.has(instanceKey(instance)));
  const all = traced.reduce((sum, { spans }) => sum + spans, 0);
  const uncounted = silent.reduce((sum, { spans }) => sum + spans, 0);
  if (uncounted <= UNCOUNTED_MAX * all) return null;
  const [first] = silent;
  const text = `${silent.length} of ${traced.length} processes send spans and do not count (first: "${first?.instance.serviceInstanceId}"), so the counter speaks of a part only; switch the metrics of all on, with the same service.instance.id as their spans.`;
  return { code: 'INSTANCES_NOT_COUNTED', text };
}
