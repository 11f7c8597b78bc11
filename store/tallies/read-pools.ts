import type { ClickHouseClient } from '@clickhouse/client';
import { addBucket, type Buckets, bucketQuantile, emptyBuckets } from '../../core/bucket-quantile.ts';
import { binLower } from '../../core/log-bin.ts';
import type { WeightKind } from '../../core/sampling/sampling-window.ts';
import type { PoolHistory } from '../../core/system-history.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { type BinRows, binsOf } from './bins.ts';
import { countOfSpans } from './count-of-spans.ts';
import { durationReadings, readingParams } from './duration-readings.ts';
import { addCounts } from './read-request-minutes.ts';
import type { RollupQuery } from './rollup-query.ts';

const MINUTE_MS = 60_000;

interface Place {
  readonly ServiceName: string;
  readonly Zone: string;
  readonly MinuteS: number;
  readonly Instances: readonly string[];
}

interface CountedRow extends Place {
  readonly Requests: number;
  readonly Bounds: readonly number[];
  readonly Counts: readonly number[];
}

interface SpanRow extends Place, BinRows {
  readonly WeightKind: WeightKind;
  readonly WeightKey: string;
  readonly Requests: string;
}

/** One zone in one minute. */
interface Cell {
  requests: number;
  readonly durationsMs: Buckets;
  readonly instances: Set<string>;
}

/**
 * How the zones of a service shared it: by its request histograms, or by its spans where it sends none. Shares are of
 * the requests whose zone is known; what answered in one zone alone all the time shares nothing, and is not here.
 * @throws PipelineError store_unavailable
 */
export async function readPools(client: ClickHouseClient, query: RollupQuery): Promise<PoolHistory[]> {
  const zoned = await readZoned(client, query);
  const counted = await readCounted(client, { ...query, serviceNames: zoned.counted });
  const spans = await readOfSpans(client, { ...query, serviceNames: zoned.spans });
  const services = new Map<string, Map<string, (Cell | undefined)[]>>();
  for (const row of counted) {
    const cell = cellOf(services, row, query);
    cell.requests += row.Requests;
    addCounts(cell.durationsMs, row);
  }
  for (const row of spans) {
    const cell = cellOf(services, row, query);
    const of = { isUnsampled: query.unsampledNames.has(row.ServiceName) };
    cell.requests += countOfSpans(row, row.Requests, of);
    for (const [bin, n] of binsOf(row)) {
      const count = countOfSpans(row, String(n), of);
      addBucket(cell.durationsMs, binLower(bin) / 1_000, binLower(bin + 1) / 1_000, count);
    }
  }
  const minutes = (query.untilMs - query.fromMs) / MINUTE_MS;
  return [...services].flatMap(([service, zones]) =>
    zones.size < 2 ? [] : poolsOf(service, zones, minutes),
  );
}

function cellOf(
  services: Map<string, Map<string, (Cell | undefined)[]>>,
  { ServiceName, Zone, MinuteS, Instances }: Place,
  { fromMs }: RollupQuery,
): Cell {
  let zones = services.get(ServiceName);
  if (zones === undefined) {
    zones = new Map();
    services.set(ServiceName, zones);
  }
  let cells = zones.get(Zone);
  if (cells === undefined) {
    cells = [];
    zones.set(Zone, cells);
  }
  const minute = (MinuteS * 1_000 - fromMs) / MINUTE_MS;
  const cell = cells[minute] ?? { requests: 0, durationsMs: emptyBuckets(), instances: new Set<string>() };
  cells[minute] = cell;
  for (const instance of Instances) cell.instances.add(instance);
  return cell;
}

/** A minute in which no zone answered is unknown; a zone that did not while others did has a share of none. */
function poolsOf(
  service: string,
  zones: ReadonlyMap<string, readonly (Cell | undefined)[]>,
  minutes: number,
): PoolHistory[] {
  const unknown = () => new Float64Array(minutes).fill(Number.NaN);
  const totals = new Float64Array(minutes);
  for (const cells of zones.values()) {
    for (let minute = 0; minute < minutes; minute++) {
      totals[minute] = (totals[minute] as number) + (cells[minute]?.requests ?? 0);
    }
  }
  return [...zones].map(([pool, cells]) => {
    const history = { service, pool, shareRatio: unknown(), p50Ms: unknown(), replicas: unknown() };
    for (let minute = 0; minute < minutes; minute++) {
      const total = totals[minute] as number;
      if (!(total > 0)) continue;
      const cell = cells[minute];
      history.shareRatio[minute] = (cell?.requests ?? 0) / total;
      if (cell === undefined) continue;
      if (cell.requests > 0) history.p50Ms[minute] = bucketQuantile(cell.durationsMs, 0.5);
      if (cell.instances.size > 0) history.replicas[minute] = cell.instances.size;
    }
    return history;
  });
}

/** Services that have zones at all, by the source that their requests are read from. */
async function readZoned(
  client: ClickHouseClient,
  query: RollupQuery,
): Promise<{ counted: string[]; spans: string[] }> {
  const rows = await readRows<{ ServiceName: string; Source: 'counted' | 'spans' }>(client, {
    sql: `
SELECT ServiceName, 'counted' AS Source FROM tally_duration_minute
WHERE ServiceName IN {services:Array(String)} AND Side = 'server'
  AND Minute >= {from:DateTime64(3, 'UTC')} AND Minute < {until:DateTime64(3, 'UTC')}
GROUP BY ServiceName HAVING max(Zone) != ''
UNION ALL
SELECT ServiceName, 'spans' AS Source FROM tally_zone_minute
WHERE ServiceName IN {services:Array(String)}
  AND Minute >= {from:DateTime64(3, 'UTC')} AND Minute < {until:DateTime64(3, 'UTC')}
GROUP BY ServiceName ORDER BY ALL`,
    params: {
      services: query.serviceNames,
      from: toClickhouseTime(query.fromMs),
      until: toClickhouseTime(query.untilMs),
    },
    about: 'zones',
  });
  const of = (source: string) => rows.filter((row) => row.Source === source).map((row) => row.ServiceName);
  const counted = of('counted');
  return { counted, spans: of('spans').filter((name) => !counted.includes(name)) };
}

async function readCounted(client: ClickHouseClient, query: RollupQuery): Promise<CountedRow[]> {
  if (query.serviceNames.length === 0) return [];
  return readRows<CountedRow>(client, {
    sql: `
SELECT ServiceName, Zone, toUnixTimestamp(Minute) AS MinuteS, Bounds, sum(Grown * PerMinute) AS Requests,
  sumForEach(arrayMap(n -> n * PerMinute, GrownCounts)) AS Counts,
  groupUniqArrayIf(toString(Instance), Instance != 0 AND Grown > 0) AS Instances
FROM (${durationReadings('server')})
WHERE Zone != ''
GROUP BY ServiceName, Zone, Minute, Bounds ORDER BY ServiceName, Zone, Minute, Bounds`,
    params: readingParams(query),
    about: 'tally_duration_minute',
  });
}

async function readOfSpans(client: ClickHouseClient, query: RollupQuery): Promise<SpanRow[]> {
  if (query.serviceNames.length === 0) return [];
  return readRows<SpanRow>(client, {
    sql: `
SELECT ServiceName, Zone, toUnixTimestamp(Minute) AS MinuteS, WeightKind, WeightKey, sum(z.Requests) AS Requests,
  sumMap(z.DurationBins) AS Merged, mapKeys(Merged) AS Bins, mapValues(Merged) AS Counts,
  arrayMap(id -> toString(id), arrayFilter(id -> id != 0, mapKeys(sumMap(z.Instances)))) AS Instances
FROM tally_zone_minute AS z
WHERE ServiceName IN {services:Array(String)}
  AND Minute >= {from:DateTime64(3, 'UTC')} AND Minute < {until:DateTime64(3, 'UTC')}
GROUP BY ServiceName, Zone, Minute, WeightKind, WeightKey ORDER BY ServiceName, Zone, Minute, WeightKind, WeightKey`,
    params: {
      services: query.serviceNames,
      from: toClickhouseTime(query.fromMs),
      until: toClickhouseTime(query.untilMs),
    },
    about: 'tally_zone_minute',
  });
}
