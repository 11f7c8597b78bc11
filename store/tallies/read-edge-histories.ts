import type { ClickHouseClient } from '@clickhouse/client';
import type { WeightKind } from '../../core/sampling/sampling-window.ts';
import { EDGE_STEP_MINUTES, type EdgeHistory } from '../../core/system-history.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { countOfSpans } from './count-of-spans.ts';
import { mergeCounted } from './merge-counted.ts';
import { readClientSteps } from './read-client-steps.ts';
import type { RollupQuery } from './rollup-query.ts';

interface Row {
  readonly From: string;
  readonly Peer: string;
  readonly BucketS: number;
  readonly WeightKind: WeightKind;
  readonly WeightKey: string;
  readonly Attempts: string;
  readonly Resends: string;
  readonly Errors: string;
  readonly DurationUs: string;
}

interface Told {
  readonly ServiceName: string;
  readonly BucketS: number;
}

interface Answer {
  readonly CallerService: string;
  readonly Peer: string;
  readonly CalleeService: string;
}

const STEP_MS = EDGE_STEP_MINUTES * 60_000;

/**
 * Who called whom, as callers' own histograms count, and as their spans tell where they do not; a call that was tried
 * again is one call of several attempts. Who a peer is is told by its answers (tally_pair) where they are known, else by
 * its name. Steps with spans of unknown weight are NaN, and so are steps in which nothing of the caller is here at all:
 * nobody knows whom it called.
 * @param query.fromMs a multiple of ten minutes
 * @throws PipelineError store_unavailable
 */
export async function readEdgeHistories(
  client: ClickHouseClient,
  query: RollupQuery,
): Promise<EdgeHistory[]> {
  const params = {
    services: query.serviceNames,
    from: toClickhouseTime(query.fromMs),
    until: toClickhouseTime(query.untilMs),
  };
  const [rows, told, answers, counted] = await Promise.all([
    readRows<Row>(client, { sql: CALLS, params, about: 'tally_peer_ten_minutes' }),
    readRows<Told>(client, { sql: TOLD, params, about: 'tally_service' }),
    readRows<Answer>(client, { sql: ANSWERS, params: { services: query.serviceNames }, about: 'tally_pair' }),
    readClientSteps(client, query),
  ]);
  const known = new Map(answers.map((row) => [`${row.CallerService}\u001f${row.Peer}`, row.CalleeService]));
  const names = new Set(query.serviceNames);
  const steps = Math.ceil((query.untilMs - query.fromMs) / STEP_MS);
  const stepOf = (bucketS: number) => (bucketS * 1_000 - query.fromMs) / STEP_MS;
  const edges = new Map<string, Building>();
  const calleeOf = ({ From, Peer }: Pick<Row, 'From' | 'Peer'>) =>
    known.get(`${From}\u001f${Peer}`) ?? serviceOfPeer(Peer, names);
  for (const row of rows) {
    const to = calleeOf(row);
    const key = `${row.From}\u001f${to}`;
    let edge = edges.get(key);
    if (edge === undefined) {
      edge = newEdge(row.From, to, steps);
      edges.set(key, edge);
    }
    fold(edge, row, {
      step: stepOf(row.BucketS),
      isUnsampled: query.unsampledNames.has(row.From),
    });
  }
  const heard = new Set([
    ...told.map((row) => `${row.ServiceName}\u001f${stepOf(row.BucketS)}`),
    ...rows.map((row) => `${row.From}\u001f${stepOf(row.BucketS)}`),
  ]);
  const ofSpans = [...edges.values()].map((edge) =>
    finish(edge, (step) => heard.has(`${edge.from}\u001f${step}`)),
  );
  return mergeCounted(
    ofSpans,
    counted.map((row) => ({ ...row, to: calleeOf(row), step: stepOf(row.BucketS) })),
    steps,
  );
}

type Building = EdgeHistory & { readonly durationMs: Float64Array };

function newEdge(from: string, to: string, steps: number): Building {
  const zeros = () => new Float64Array(steps);
  return {
    from,
    to,
    calls: zeros(),
    attempts: zeros(),
    failures: zeros(),
    latencyMs: zeros().fill(Number.NaN),
    durationMs: zeros(),
  };
}

function fold(edge: Building, row: Row, { step, ...of }: { step: number; isUnsampled: boolean }): void {
  const add = (into: Float64Array, amount: number) => {
    into[step] = (into[step] as number) + amount;
  };
  const attempts = countOfSpans(row, row.Attempts, of);
  const resends = countOfSpans(row, row.Resends, of);
  add(edge.attempts, attempts);
  add(edge.calls, attempts - resends);
  // What is sent again failed before: only the last failure of a call is the call's.
  add(edge.failures, countOfSpans(row, row.Errors, of) - resends);
  add(edge.durationMs, countOfSpans(row, row.DurationUs, of) / 1_000);
}

function finish({ durationMs, ...edge }: Building, isHeard: (step: number) => boolean): EdgeHistory {
  for (let step = 0; step < edge.calls.length; step++) {
    if (!isHeard(step)) {
      for (const values of [edge.calls, edge.attempts, edge.failures]) values[step] = Number.NaN;
      continue;
    }
    const calls = edge.calls[step] as number;
    if (calls > 0) edge.latencyMs[step] = (durationMs[step] as number) / calls;
    edge.failures[step] = Math.max(0, edge.failures[step] as number);
  }
  return edge;
}

/** `cart.shop.svc.cluster.local:8080` is the service `cart`, where there is one of that name. */
function serviceOfPeer(peer: string, names: ReadonlySet<string>): string {
  const host = peer.replace(/:\d*$/, '');
  return [peer, host, host.split('.')[0] as string].find((name) => names.has(name)) ?? host;
}

const CALLS = `
SELECT ServiceName AS From, Peer, toUnixTimestamp(Bucket) AS BucketS, WeightKind, WeightKey,
  sum(c.Attempts) AS Attempts, sum(c.Resends) AS Resends, sum(c.Errors) AS Errors, sum(c.DurationUs) AS DurationUs
FROM tally_peer_ten_minutes AS c
WHERE ServiceName IN {services:Array(String)}
  AND Bucket >= {from:DateTime64(3, 'UTC')} AND Bucket < {until:DateTime64(3, 'UTC')}
GROUP BY ServiceName, Peer, Bucket, WeightKind, WeightKey ORDER BY ALL`;

const TOLD = `
SELECT DISTINCT ServiceName, toUnixTimestamp(toStartOfInterval(toDateTime(Bucket), INTERVAL 10 MINUTE)) AS BucketS
FROM tally_service
WHERE ServiceName IN {services:Array(String)}
  AND Bucket >= {from:DateTime64(3, 'UTC')} AND Bucket < {until:DateTime64(3, 'UTC')}`;

const ANSWERS = `
SELECT CallerService, Peer, argMax(CalleeService, (N, CalleeService)) AS CalleeService
FROM (
  SELECT CallerService, Peer, CalleeService, sum(Calls + FailedCalls) AS N FROM tally_pair
  WHERE CallerService IN {services:Array(String)} AND CalleeFound = 1
  GROUP BY CallerService, Peer, CalleeService
)
GROUP BY CallerService, Peer`;
