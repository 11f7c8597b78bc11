import type { ClickHouseClient } from '@clickhouse/client';
import type { ActionRecord } from '../../core/actions/action-record.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

interface Row {
  readonly TimeMs: string;
  readonly EventName: string;
  readonly ServiceName: string;
  readonly LogAttributes: Readonly<Record<string, string>>;
  readonly ResourceAttributes: Readonly<Record<string, string>>;
  readonly Body: string;
  readonly BodyBytes: string;
}

/** More than a cluster of a thousand workloads does in a fortnight; of more the newest are read. */
const RECORDS_MAX = 200_000;

export interface ActionRecords {
  /** In order of time. */
  readonly records: readonly ActionRecord[];
  /** Bodies that were too long to be kept. */
  readonly tooLong: number;
  /** There were more than are read at once: the oldest are missing. */
  readonly isCut: boolean;
}

/** Log records that may tell of actions or changes in [fromMs, untilMs). @throws PipelineError store_unavailable */
export async function readActionRecords(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<ActionRecords> {
  const rows = await readRows<Row>(client, {
    sql: `
SELECT toUnixTimestamp64Milli(Timestamp) AS TimeMs, EventName, ServiceName, LogAttributes, ResourceAttributes, Body, BodyBytes
FROM action_records
WHERE Timestamp >= {from:DateTime64(3, 'UTC')} AND Timestamp < {until:DateTime64(3, 'UTC')}
ORDER BY Timestamp DESC, cityHash64(ServiceName, EventName, Body, mapSort(LogAttributes), mapSort(ResourceAttributes))
LIMIT {limit:UInt32}`,
    params: {
      from: toClickhouseTime(range.fromMs),
      until: toClickhouseTime(range.untilMs),
      limit: RECORDS_MAX,
    },
    about: 'action_records',
  });
  return {
    records: rows.reverse().map((row) => ({
      timeMs: Number(row.TimeMs),
      eventName: row.EventName,
      serviceName: row.ServiceName,
      attributes: row.LogAttributes,
      resource: row.ResourceAttributes,
      body: row.Body,
    })),
    tooLong: rows.filter(({ Body, BodyBytes }) => Body === '' && BodyBytes !== '0').length,
    isCut: rows.length === RECORDS_MAX,
  };
}
