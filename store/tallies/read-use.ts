import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

/** What is held about the use of a service: rows as they arrived, of all tenants and namespaces. */
export interface UseCounts {
  /** Of the service itself, and calls of others that name it. */
  readonly requests: number;
  readonly lastUsedAtMs: number | null;
  /** Steps of the time in which anything of the service arrived. */
  readonly coveredSteps: number;
  /** Steps in which its traces were judged incomplete. */
  readonly incompleteSteps: number;
}

interface Row {
  readonly Served: string;
  readonly ServedLastS: string;
  readonly Called: string;
  readonly CalledLastS: string;
  readonly CoveredSteps: string;
  readonly IncompleteSteps: string;
}

/**
 * Whether anybody used a service within [fromMs, untilMs), and whether it would have been seen. Traffic is counted as
 * received: one span is use, however few were kept.
 * @throws PipelineError store_unavailable
 */
export async function readUse(
  client: ClickHouseClient,
  of: { serviceName: string; fromMs: number; untilMs: number; stepMs: number },
): Promise<UseCounts> {
  const [row] = await readRows<Row>(client, {
    sql: `
WITH {from:DateTime64(3, 'UTC')} AS From, {until:DateTime64(3, 'UTC')} AS Until
SELECT s.Served AS Served, s.LastS AS ServedLastS, p.Called AS Called, p.LastS AS CalledLastS,
  v.Steps AS CoveredSteps, j.Steps AS IncompleteSteps
FROM (SELECT sum(Requests) AS Served, toUnixTimestamp(max(Bucket)) AS LastS FROM tally_service
    WHERE ServiceName = {service:String} AND Bucket >= From AND Bucket < Until) AS s
CROSS JOIN (SELECT sum(Attempts) AS Called, toUnixTimestamp(max(Bucket)) AS LastS FROM tally_peer_ten_minutes
    WHERE Peer = {service:String} AND Bucket >= From AND Bucket < Until) AS p
CROSS JOIN (SELECT uniqExact(intDiv(toUnixTimestamp(Minute), {step:UInt32})) AS Steps FROM tally_volume
    WHERE ServiceName = {service:String} AND Minute >= From AND Minute < Until AND Items > 0) AS v
CROSS JOIN (SELECT uniqExact(intDiv(toUnixTimestamp(EvaluatedAt), {step:UInt32})) AS Steps FROM verdicts
    WHERE ServiceName = {service:String} AND EvaluatedAt >= From AND EvaluatedAt < Until
      AND Dimension = 'completeness' AND Outcome = 'fail') AS j`,
    params: {
      service: of.serviceName,
      from: toClickhouseTime(of.fromMs),
      until: toClickhouseTime(of.untilMs),
      step: of.stepMs / 1_000,
    },
    about: `use of ${of.serviceName}`,
  });
  const lastS = Math.max(Number(row?.ServedLastS ?? 0), Number(row?.CalledLastS ?? 0));
  return {
    requests: Number(row?.Served ?? 0) + Number(row?.Called ?? 0),
    lastUsedAtMs: lastS === 0 ? null : 1_000 * lastS,
    coveredSteps: Number(row?.CoveredSteps ?? 0),
    incompleteSteps: Number(row?.IncompleteSteps ?? 0),
  };
}
