import type { ClickHouseClient } from '@clickhouse/client';
import type { StoredSeries } from '../../core/counter-stored.ts';
import type { Signal } from '../../core/signal.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

interface Row {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly ServiceInstanceId: string;
  readonly Signal: Signal;
  readonly Buckets: readonly (readonly [number, string])[];
}

/**
 * What was stored since `fromMs`, by 5 s of arrival, of the processes whose exporters count what they sent.
 * @throws PipelineError store_unavailable
 */
export async function readCounterStored(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<StoredSeries[]> {
  const rows = await readRows<Row>(client, {
    sql: SQL,
    params: { from: toClickhouseTime(range.fromMs), until: toClickhouseTime(range.untilMs) },
    about: 'tally_source',
  });
  return rows.map((row) => ({
    instance: {
      tenant: row.Tenant,
      serviceNamespace: row.ServiceNamespace,
      serviceName: row.ServiceName,
      serviceInstanceId: row.ServiceInstanceId,
    },
    signal: row.Signal,
    byBucket: new Map(row.Buckets.map(([seconds, items]) => [seconds * 1_000, Number(items)])),
  }));
}

const SQL = `
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, Signal,
  groupArray((toUnixTimestamp(ReceiveBucket), Stored)) AS Buckets
FROM (
  SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, Signal, ReceiveBucket, sum(Items) AS Stored
  FROM tally_source
  WHERE ReceiveBucket >= {from:DateTime64(3, 'UTC')} AND ReceiveBucket < {until:DateTime64(3, 'UTC')}
    AND (Tenant, ServiceNamespace, ServiceName, ServiceInstanceId) IN (
      SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId FROM tally_counter
      WHERE ReceiveBucket >= {from:DateTime64(3, 'UTC')} AND ReceiveBucket < {until:DateTime64(3, 'UTC')}
        AND startsWith(MetricName, 'otel.sdk.exporter.')
    )
  GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, Signal, ReceiveBucket
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, Signal`;
