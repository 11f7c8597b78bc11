import type { ClickHouseClient } from '@clickhouse/client';
import type { WeightKind } from '../../core/sampling/sampling-window.ts';
import type { WeightTally } from '../../core/sampling/weight-tally.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { tracesSource } from './traces-source.ts';

interface Row {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly MinuteS: number;
  readonly WeightKind: WeightKind;
  readonly WeightError: string;
  readonly N: string;
}

/** Kinds of weight that arrived in the minutes of [fromMs, untilMs). @throws PipelineError store_unavailable */
export async function readWeightTallies(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<WeightTally[]> {
  const rows = await readRows<Row>(client, {
    sql: `
SELECT Tenant, ServiceNamespace, ServiceName, toUnixTimestamp(ReceiveMinute) AS MinuteS, WeightKind, WeightError, sum(Spans) AS N
FROM tally_weight_minute
WHERE ReceiveMinute >= {from:DateTime64(3, 'UTC')} AND ReceiveMinute < {until:DateTime64(3, 'UTC')} AND WeightKind != ''
GROUP BY ALL ORDER BY ALL`,
    params: { from: toClickhouseTime(range.fromMs), until: toClickhouseTime(range.untilMs) },
    about: 'tally_weight_minute',
  });
  return rows.map((row) => ({
    source: tracesSource(row),
    receiveStartMs: row.MinuteS * 1_000,
    weightKind: row.WeightKind,
    error: row.WeightError,
    spans: Number(row.N),
  }));
}
