import type { ClickHouseClient } from '@clickhouse/client';
import type { ServiceId } from '../../core/service-key.ts';
import type { Signal } from '../../core/signal.ts';
import type { MinuteCount, VolumeWeek } from '../../core/volume-tally.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

interface SourceRow {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly Signal: Signal;
}

const HOUR_MS = 3_600_000;
const WEEK_HOURS = 168;
/** What the tally keeps. */
const WEEKS_MAX = 4;

/**
 * Counts of the whole minutes in [fromMs, untilMs); a minute without a record is not there.
 * @throws PipelineError store_unavailable
 */
export async function readMinuteCounts(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<MinuteCount[]> {
  const rows = await readRows<SourceRow & { readonly MinuteS: number; readonly ItemSum: string }>(client, {
    sql: `
SELECT Tenant, ServiceNamespace, ServiceName, Signal, toUnixTimestamp(Minute) AS MinuteS, sum(Items) AS ItemSum
FROM tally_volume
WHERE toStartOfHour(Minute) >= toStartOfHour({from:DateTime64(3, 'UTC')})
  AND Minute >= {from:DateTime64(3, 'UTC')} AND Minute < {until:DateTime64(3, 'UTC')}
GROUP BY Tenant, ServiceNamespace, ServiceName, Signal, Minute`,
    params: { from: toClickhouseTime(range.fromMs), until: toClickhouseTime(range.untilMs) },
    about: 'tally_volume',
  });
  return rows.map((row) => ({
    ...sourceOf(row),
    minuteMs: row.MinuteS * 1_000,
    items: Number(row.ItemSum),
  }));
}

/**
 * The hour of `nowMs` in the four weeks before. A week in which a source sent nothing in that hour is not there, and
 * neither is one before the source began: the two cannot be told apart.
 * @throws PipelineError store_unavailable
 */
export async function readVolumeWeeks(client: ClickHouseClient, nowMs: number): Promise<VolumeWeek[]> {
  const hourMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
  const hours = Array.from({ length: WEEKS_MAX }, (_, i) =>
    toClickhouseTime(hourMs - (i + 1) * WEEK_HOURS * HOUR_MS).slice(0, 19),
  );
  const rows = await readRows<
    SourceRow & { readonly HourS: number; readonly ItemSum: string; readonly Squares: string }
  >(client, {
    sql: `
SELECT Tenant, ServiceNamespace, ServiceName, Signal, toUnixTimestamp(Hour) AS HourS,
  sum(MinuteItems) AS ItemSum, sum(MinuteItems * MinuteItems) AS Squares
FROM (
  SELECT Tenant, ServiceNamespace, ServiceName, Signal, toStartOfHour(Minute) AS Hour, sum(Items) AS MinuteItems
  FROM tally_volume WHERE toStartOfHour(Minute) IN {hours:Array(DateTime('UTC'))}
  GROUP BY Tenant, ServiceNamespace, ServiceName, Signal, Minute
)
GROUP BY Tenant, ServiceNamespace, ServiceName, Signal, Hour`,
    params: { hours },
    about: 'tally_volume',
  });
  return rows.map((row) => ({
    ...sourceOf(row),
    weeksAgo: Math.round((hourMs / 1_000 - row.HourS) / (WEEK_HOURS * 3_600)),
    items: Number(row.ItemSum),
    squares: Number(row.Squares),
  }));
}

function sourceOf(row: SourceRow): { service: ServiceId; signal: Signal } {
  return {
    service: { tenant: row.Tenant, serviceNamespace: row.ServiceNamespace, serviceName: row.ServiceName },
    signal: row.Signal,
  };
}
