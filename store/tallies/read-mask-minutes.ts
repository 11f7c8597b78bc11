import type { ClickHouseClient } from '@clickhouse/client';
import {
  MASK_METRIC_NAMES,
  type MaskHistory,
  type MaskLibrary,
  type MaskMetric,
  type MaskSeries,
} from '../../core/mask-metrics.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { READING_GAP_MS_MAX } from './duration-readings.ts';
import { foldReadings, type Readings } from './fold-readings.ts';
import { mergeKnown } from './merge-known.ts';

interface Row {
  readonly ServiceName: string;
  readonly MetricName: string;
  readonly Callee: string;
  readonly Kind: string;
  readonly Temporality: number;
  readonly MinutesS: readonly number[];
  readonly Times: readonly string[];
  readonly Starts: readonly string[];
  readonly Readings: readonly number[];
}

interface MaskQuery {
  /** Services that a callee may be. */
  readonly calleeNames: ReadonlySet<string>;
  readonly serviceNames: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What one library of a caller says of one callee. */
export interface MaskMinutes extends MaskHistory {
  readonly library: MaskLibrary;
}

/**
 * What libraries of services count of what they hide, a number a minute. A counter that was seen at all adds nothing in minutes in
 * which its library is heard and it is not: some are sent from their first event on, some leave out zeros.
 * @throws PipelineError store_unavailable
 */
export async function readMaskMinutes(client: ClickHouseClient, query: MaskQuery): Promise<MaskMinutes[]> {
  const rows = await readRows<Row>(client, {
    sql: SQL,
    params: {
      services: query.serviceNames,
      before: toClickhouseTime(query.fromMs - READING_GAP_MS_MAX),
      until: toClickhouseTime(query.untilMs),
    },
    about: 'tally_mask_minute',
  });
  const known = rows.filter(({ MetricName }) => MASK_METRIC_NAMES.has(MetricName));
  const groups = Map.groupBy(known, ({ ServiceName, MetricName, Callee }) =>
    [ServiceName, MASK_METRIC_NAMES.get(MetricName)?.library, Callee].join('\u001f'),
  );
  return [...groups.values()].map((group) => {
    const { ServiceName, MetricName, Callee } = group[0] as Row;
    return {
      from: ServiceName,
      to: serviceOfCallee(Callee, query.calleeNames),
      library: (MASK_METRIC_NAMES.get(MetricName) as { library: MaskLibrary }).library,
      series: seriesOf(group, query),
    };
  });
}

/** `outbound|80||web.shop.svc.cluster.local` of a mesh and `dns:///web.shop:443` of gRPC are web, where there is such a service. */
function serviceOfCallee(callee: string, names: ReadonlySet<string>): string {
  const host = callee.replace(/^.*[|/]/, '').replace(/:\d+$/, '');
  return [callee, host, host.split('.')[0] as string].find((name) => names.has(name)) ?? callee;
}

function seriesOf(rows: readonly Row[], query: MaskQuery): MaskHistory['series'] {
  const heard = minutesRead(rows, query);
  const said = new Map<MaskMetric['series'], Float64Array>();
  for (const [metric, own] of Map.groupBy(rows, ({ MetricName }) => MASK_METRIC_NAMES.get(MetricName))) {
    for (const says of metric?.says ?? []) {
      // Of one metric in two spellings neither is more.
      const spellings = [...Map.groupBy(own, ({ MetricName }) => MetricName).values()];
      const values = spellings
        .map((spelt) => minutesOf(says, spelt, { heard, query }))
        .reduce((a, b) => mergeKnown(a, b, Math.max));
      const before = said.get(says.series);
      const merge = says.fold === 'max' ? Math.max : (a: number, b: number) => a + b;
      said.set(says.series, before === undefined ? values : mergeKnown(before, values, merge));
    }
  }
  const [attempts, calls] = [said.get('attempts'), said.get('calls')];
  said.delete('attempts');
  said.delete('calls');
  if (attempts !== undefined && calls !== undefined) {
    said.set(
      'retries',
      attempts.map((n, minute) => Math.max(0, n - (calls[minute] as number))),
    );
  }
  return Object.fromEntries(said) as Partial<Record<MaskSeries, Float64Array>>;
}

function minutesOf(
  { where, fold }: MaskMetric,
  rows: readonly Row[],
  { heard, query }: { readonly heard: Uint8Array; readonly query: MaskQuery },
): Float64Array {
  const counted = rows.filter(({ Kind }) => where === undefined || where.is.includes(Kind));
  const values = foldReadings(counted.map(readingsOf), fold, query);
  if (fold !== 'grown') return values;
  const read = minutesRead(counted, query);
  return values.map((value, minute) => (heard[minute] === 1 && read[minute] === 0 ? 0 : value));
}

/** 1 in each minute in which there is a reading. */
function minutesRead(rows: readonly Row[], { fromMs, untilMs }: MaskQuery): Uint8Array {
  const read = new Uint8Array((untilMs - fromMs) / 60_000);
  for (const { MinutesS } of rows) {
    for (const minuteS of MinutesS) read[(minuteS * 1_000 - fromMs) / 60_000] = 1;
  }
  return read;
}

function readingsOf(row: Row): Readings {
  return {
    temporality: row.Temporality,
    minutesMs: row.MinutesS.map((s) => s * 1_000),
    timesMs: row.Times.map(Number),
    startsMs: row.Starts.map(Number),
    values: row.Readings,
  };
}

// Clusters that a proxy calls inbound are the service itself.
const SQL = `
SELECT ServiceName, MetricName, Callee, Kind, Temporality, groupArray(toUnixTimestamp(Minute)) AS MinutesS,
  groupArray(toUnixTimestamp64Milli(Last.1)) AS Times, groupArray(toUnixTimestamp64Milli(Last.2)) AS Starts,
  groupArray(Last.3) AS Readings
FROM (
  SELECT * FROM tally_mask_minute FINAL
  WHERE ServiceName IN {services:Array(String)} AND NOT startsWith(Callee, 'inbound|')
    AND Minute >= {before:DateTime64(3, 'UTC')} AND Minute < {until:DateTime64(3, 'UTC')}
  ORDER BY ServiceName, MetricName, Minute, Epoch
)
GROUP BY ServiceName, MetricName, Callee, Kind, Temporality, Series
ORDER BY ServiceName, MetricName, Callee, Kind, Temporality, Series`;
