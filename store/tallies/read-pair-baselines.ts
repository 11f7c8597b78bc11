import type { ClickHouseClient } from '@clickhouse/client';
import type { PairBaseline } from '../../core/pair-tally.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

interface Row {
  readonly Tenant: string;
  readonly CallerNamespace: string;
  readonly CallerService: string;
  readonly Peer: string;
  readonly CalleeNamespace: string;
  readonly CalleeService: string;
  readonly CalleeRatio: number;
  readonly Stretches: string;
  readonly Middle: number;
  readonly Distance: number;
}

const DAY_MS = 86_400_000;
const STRETCH_S = 120;
const CALLS_MIN = 30;

// Shares of whole counts and their medians: any order of the rows gives the same bits. Median and median distance
// hold until half of the day is a loss, and until then a loss does not become what is usual.
const SQL = `
SELECT Tenant, CallerNamespace, CallerService, Peer,
  argMax(CalleeNamespace, Answers) AS CalleeNamespace, argMax(CalleeService, Answers) AS CalleeService,
  max(Answers) / sum(Answers) AS CalleeRatio, any(StretchCount) AS Stretches, any(Middle) AS Middle, any(Distance) AS Distance
FROM (
  SELECT Tenant, CallerNamespace, CallerService, Peer, CalleeNamespace, CalleeService, sum(Calls) AS Answers
  FROM pairs WHERE CalleeFound = 1
  GROUP BY Tenant, CallerNamespace, CallerService, Peer, CalleeNamespace, CalleeService
) AS answers
INNER JOIN (
  SELECT Tenant, CallerNamespace, CallerService, Peer, count() AS StretchCount,
    groupArray(Answered / AllCalls) AS Shares, arrayReduce('quantileExact(0.5)', Shares) AS Middle,
    arrayReduce('quantileExact(0.5)', arrayMap(share -> abs(share - Middle), Shares)) AS Distance
  FROM (
    SELECT Tenant, CallerNamespace, CallerService, Peer, intDiv(toUnixTimestamp(Window), ${STRETCH_S}) AS Stretch,
      sum(Calls) AS AllCalls, sumIf(Calls, CalleeFound = 1) AS Answered
    FROM pairs
    GROUP BY Tenant, CallerNamespace, CallerService, Peer, Stretch HAVING AllCalls >= ${CALLS_MIN}
  )
  GROUP BY Tenant, CallerNamespace, CallerService, Peer
) AS usual USING (Tenant, CallerNamespace, CallerService, Peer)
GROUP BY Tenant, CallerNamespace, CallerService, Peer
HAVING sum(Answers) > 0`;

/**
 * How each caller's calls to each of its peers were answered in the day before `untilMs`, failed calls left out. A
 * caller and peer without an answer, or without two minutes of 30 calls, is not in it.
 * @param untilMs start of the window that is judged: what is judged must not be its own measure
 * @throws PipelineError store_unavailable
 */
export async function readPairBaselines(client: ClickHouseClient, untilMs: number): Promise<PairBaseline[]> {
  const rows = await readRows<Row>(client, {
    sql: `WITH pairs AS (
  SELECT * FROM tally_pair FINAL
  WHERE Window >= {from:DateTime64(3, 'UTC')} AND Window < {until:DateTime64(3, 'UTC')}
    AND (Window, SettledAt) IN (
      SELECT Window, max(SettledAt) FROM tally_graph_settled
      WHERE Window >= {from:DateTime64(3, 'UTC')} AND Window < {until:DateTime64(3, 'UTC')} GROUP BY Window
    )
) ${SQL}`,
    params: { from: toClickhouseTime(untilMs - DAY_MS), until: toClickhouseTime(untilMs) },
    about: 'tally_pair',
  });
  return rows.map((row) => ({
    caller: {
      tenant: row.Tenant,
      serviceNamespace: row.CallerNamespace,
      serviceName: row.CallerService,
    },
    peer: row.Peer,
    callee: {
      tenant: row.Tenant,
      serviceNamespace: row.CalleeNamespace,
      serviceName: row.CalleeService,
    },
    calleeRatio: row.CalleeRatio,
    stretches: Number(row.Stretches),
    answeredRatio: row.Middle,
    answeredRatioMad: row.Distance,
  }));
}
