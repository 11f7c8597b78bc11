import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type {
  EdgeHistory,
  PoolHistory,
  ServiceHistory,
  SystemHistory,
  UserHistory,
} from '../../core/system-history.ts';
import { SERVICE_COLUMNS } from './run-columns.ts';
import { actionLine, changeLine, decisionLine } from './run-events.ts';
import { designIntentOf, runIntentSchema } from './run-intent.ts';

type Columns = Readonly<Record<string, Float32Array>>;

/** What the simulator's `simulate` returns, as far as a history is made from it. */
export interface SimulatedRun {
  readonly options: { readonly start: number };
  readonly minutes: number;
  readonly services: Readonly<Record<string, Columns>>;
  readonly zones: Readonly<Record<string, Columns>>;
  readonly edges: Readonly<Record<string, Columns>>;
  readonly global: Columns;
  readonly actions: readonly unknown[];
  readonly gates: readonly unknown[];
  readonly changes: readonly unknown[];
  readonly intent: unknown;
  /** For the scorer alone. */
  readonly truth: unknown;
}

export interface Simulator {
  readonly simulate: (options: {
    readonly scenario: string;
    readonly seed: number;
    readonly days?: number;
    readonly signals?: 'full' | 'poor';
  }) => SimulatedRun;
  readonly SCENARIOS: Readonly<Record<string, unknown>>;
}

export async function loadSimulator(path: string): Promise<Simulator> {
  return (await import(pathToFileURL(resolve(path)).href)) as Simulator;
}

/** The same history as from the files of the run, without writing them: rounded as they are. */
export function historyOf(run: SimulatedRun): SystemHistory {
  const intent = runIntentSchema.parse(run.intent);
  const pools = Object.entries(run.zones).map(
    ([pool, columns]): PoolHistory => ({
      service: intent.zone_share?.service ?? '',
      pool,
      shareRatio: rounded(columns['share']),
      p50Ms: rounded(columns['p50_ms']),
      replicas: rounded(columns['replicas']),
    }),
  );
  return {
    startMs: run.options.start,
    minutes: run.minutes,
    services: new Map(
      Object.entries(run.services).map(([name, columns]) => [name, serviceOf(name, columns)]),
    ),
    edges: Object.entries(run.edges)
      .filter(([, { calls }]) => calls?.some((n) => n > 0))
      .map(([edge, columns]) => edgeOf(edge, columns)),
    pools,
    users: usersOf(run.global),
    actions: run.actions.map((line) => actionLine.parse(line)),
    decisions: run.gates.map((line) => decisionLine.parse(line)),
    changes: run.changes.map((line) => changeLine.parse(line)),
    intent: designIntentOf(intent),
  };
}

function serviceOf(name: string, columns: Columns): ServiceHistory {
  const series = Object.entries(SERVICE_COLUMNS).flatMap(([column, as]) => {
    const values = columns[column];
    return values === undefined ? [] : [[as, rounded(values)]];
  });
  return { name, series: Object.fromEntries(series) };
}

function edgeOf(edge: string, columns: Columns): EdgeHistory {
  const [from, to] = edge.split('->') as [string, string];
  const calls = rounded(columns['calls']);
  const latencyMs = rounded(columns['latency_ms']);
  for (let i = 0; i < calls.length; i++) if (calls[i] === 0) latencyMs[i] = Number.NaN;
  return {
    from,
    to,
    calls,
    attempts: rounded(columns['attempts']),
    failures: rounded(columns['failures']),
    latencyMs,
  };
}

function usersOf(columns: Columns): UserHistory {
  const of = (column: string) => rounded(columns[column]);
  return { requests: of('req'), ok: of('ok'), p50Ms: of('p50_ms'), p99Ms: of('p99_ms'), cost: of('cost') };
}

/** Files carry five digits. */
function rounded(values: Float32Array | undefined): Float64Array {
  return Float64Array.from(values ?? [], (value) =>
    Number.isInteger(value) || Number.isNaN(value) ? value : +value.toPrecision(5),
  );
}
