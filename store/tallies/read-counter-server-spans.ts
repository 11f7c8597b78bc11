import type { ClickHouseClient } from '@clickhouse/client';
import type { ServerSpans } from '../../core/counter-server-spans.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

interface Row {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly ServiceInstanceId: string;
  readonly SpanKind: 'Server' | 'Consumer';
  readonly Route: string;
  readonly RpcMethod: string;
  readonly ThresholdHex: string;
  readonly Seconds: readonly (readonly [number, string])[];
}

/**
 * Stored SERVER and CONSUMER spans that ended in [fromMs, untilMs), by second, of the processes that also count
 * their requests as a metric. What arrived more than an hour after its end is not in it.
 * @throws PipelineError store_unavailable
 */
export async function readCounterServerSpans(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<ServerSpans[]> {
  const rows = await readRows<Row>(client, {
    sql: SQL,
    params: {
      from: toClickhouseTime(range.fromMs),
      until: toClickhouseTime(range.untilMs),
      arrivedFrom: toClickhouseTime(range.fromMs - 60_000),
      arrivedUntil: toClickhouseTime(range.untilMs + 3_600_000),
    },
    about: 'tally_server_span',
  });
  return rows.map((row) => ({
    instance: {
      tenant: row.Tenant,
      serviceNamespace: row.ServiceNamespace,
      serviceName: row.ServiceName,
      serviceInstanceId: row.ServiceInstanceId,
    },
    kind: row.SpanKind,
    route: row.Route,
    rpcMethod: row.RpcMethod,
    thresholdHex: row.ThresholdHex,
    bySecond: new Map(row.Seconds.map(([seconds, spans]) => [seconds * 1_000, Number(spans)])),
  }));
}

const SQL = `
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, SpanKind, Route, RpcMethod, ThresholdHex,
  groupArray((toUnixTimestamp(EndSecond), Stored)) AS Seconds
FROM (
  SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, SpanKind, Route, RpcMethod, ThresholdHex, EndSecond,
    sum(Spans) AS Stored
  FROM tally_server_span
  WHERE ReceiveMinute >= {arrivedFrom:DateTime64(3, 'UTC')} AND ReceiveMinute < {arrivedUntil:DateTime64(3, 'UTC')}
    AND EndSecond >= {from:DateTime64(3, 'UTC')} AND EndSecond < {until:DateTime64(3, 'UTC')}
    AND (Tenant, ServiceNamespace, ServiceName, ServiceInstanceId) IN (
      SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId FROM tally_counter
      WHERE ReceiveBucket >= {from:DateTime64(3, 'UTC')} AND NOT startsWith(MetricName, 'otel')
    )
  GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, SpanKind, Route, RpcMethod, ThresholdHex, EndSecond
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, SpanKind, Route, RpcMethod, ThresholdHex`;
