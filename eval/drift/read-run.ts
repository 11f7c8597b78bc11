import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  EDGE_STEP_MINUTES,
  type EdgeHistory,
  type PoolHistory,
  type ServiceHistory,
  type ServiceSeries,
  type SystemHistory,
  type UserHistory,
} from '../../core/system-history.ts';
import { readLines } from './read-lines.ts';
import { SERVICE_COLUMNS } from './run-columns.ts';
import { actionLine, changeLine, decisionLine } from './run-events.ts';
import { designIntentOf, runIntentSchema } from './run-intent.ts';
import { SeriesByMinute } from './series-by-minute.ts';

const MINUTE_MS = 60_000;
const EDGE_COLUMNS = { calls: 'calls', attempts: 'attempts', failures: 'failures', latency_ms: 'latencyMs' };
const POOL_COLUMNS = { share: 'shareRatio', p50_ms: 'p50Ms', replicas: 'replicas' };
const USER_COLUMNS = { req: 'requests', ok: 'ok', p50_ms: 'p50Ms', p99_ms: 'p99Ms', cost: 'cost' };

/**
 * One run of the simulator as a history; what is true of it is not read.
 * @throws Error with file and line of what cannot be read
 */
export async function readRun(folder: string): Promise<SystemHistory> {
  const intent = runIntentSchema.parse(JSON.parse(await readFile(join(folder, 'intent.json'), 'utf8')));
  const start = new StartOfRun();
  const services = await readTable(folder, {
    file: 'services.jsonl',
    columns: SERVICE_COLUMNS,
    start,
    keyOf: (row) => String(row['service']),
  });
  const edges = await readTable(folder, {
    file: 'edges.jsonl',
    columns: EDGE_COLUMNS,
    start,
    stepMinutes: EDGE_STEP_MINUTES,
    keyOf: (row) => `${row['from']}->${row['to']}`,
  });
  const pools = await readTable(folder, {
    file: 'zones.jsonl',
    columns: POOL_COLUMNS,
    start,
    keyOf: (row) => String(row['zone']),
  });
  const users = await readTable(folder, {
    file: 'global.jsonl',
    columns: USER_COLUMNS,
    start,
    keyOf: () => 'all',
  });
  const minutes = Math.max(services.length, users.length);
  const steps = Math.ceil(minutes / EDGE_STEP_MINUTES);
  return {
    startMs: start.ms ?? 0,
    minutes,
    services: new Map([...services.cut(minutes)].map(([name, series]) => [name, { name, series }])) as Map<
      string,
      ServiceHistory
    >,
    edges: [...edges.cut(steps)].map(([edge, series]) => edgeOf(edge, series, steps)),
    pools: [...pools.cut(minutes)].map(
      ([pool, series]) =>
        ({ service: intent.zone_share?.service ?? '', pool, ...series }) as unknown as PoolHistory,
    ),
    users: (users.cut(minutes).get('all') as UserHistory | undefined) ?? null,
    actions: await collect(folder, 'actions.jsonl', actionLine.parse),
    decisions: await collect(folder, 'gates.jsonl', decisionLine.parse),
    changes: await collect(folder, 'changes.jsonl', changeLine.parse),
    intent: designIntentOf(intent),
  };
}

/** A step without a line of an edge had no call on it. */
function edgeOf(edge: string, series: Record<string, Float64Array>, steps: number): EdgeHistory {
  const [from, to] = edge.split('->') as [string, string];
  const calls = series['calls'] ?? new Float64Array(steps);
  for (const name of ['attempts', 'failures'] as const) {
    const values = series[name];
    if (values !== undefined) for (let i = 0; i < steps; i++) if (Number.isNaN(calls[i])) values[i] = 0;
  }
  for (let i = 0; i < steps; i++) if (Number.isNaN(calls[i])) calls[i] = 0;
  return { from, to, ...series, calls } as EdgeHistory;
}

/** The first time that any file has. */
class StartOfRun {
  ms: number | null = null;

  minuteOf(timeMs: number): number {
    this.ms ??= timeMs;
    return Math.round((timeMs - this.ms) / MINUTE_MS);
  }
}

interface TableSpec {
  readonly file: string;
  readonly columns: Readonly<Record<string, string>>;
  readonly start: StartOfRun;
  readonly stepMinutes?: number;
  readonly keyOf: (row: Record<string, unknown>) => string;
}

class Table {
  readonly byKey = new Map<string, Map<string, SeriesByMinute>>();
  length = 0;

  cut(length: number): Map<string, Record<ServiceSeries | string, Float64Array>> {
    const cut = (columns: Map<string, SeriesByMinute>) =>
      Object.fromEntries([...columns].map(([name, series]) => [name, series.cut(length)]));
    return new Map([...this.byKey].map(([key, columns]) => [key, cut(columns)]));
  }
}

async function readTable(folder: string, spec: TableSpec): Promise<Table> {
  const table = new Table();
  const columns = Object.entries(spec.columns);
  for await (const row of readLines(folder, spec.file)) {
    const index = Math.floor(spec.start.minuteOf(row['t'] as number) / (spec.stepMinutes ?? 1));
    if (!(index >= 0)) continue;
    const key = spec.keyOf(row);
    let series = table.byKey.get(key);
    if (series === undefined) {
      series = new Map();
      table.byKey.set(key, series);
    }
    for (const [column, name] of columns) {
      const value = row[column];
      if (typeof value !== 'number') continue;
      let values = series.get(name);
      if (values === undefined) {
        values = new SeriesByMinute();
        series.set(name, values);
      }
      values.set(index, value);
    }
    if (index >= table.length) table.length = index + 1;
  }
  return table;
}

async function collect<T>(folder: string, file: string, parse: (row: unknown) => T): Promise<T[]> {
  const rows: T[] = [];
  for await (const row of readLines(folder, file)) rows.push(parse(row));
  return rows;
}
