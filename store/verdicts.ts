import type { ClickHouseClient } from '@clickhouse/client';
import type { Signal } from '../core/signal.ts';
import type { Dimension, Estimator, Outcome, Reason, Verdict } from '../core/verdict.ts';
import { fromClickhouseTime, toClickhouseTime } from './clickhouse-time.ts';
import {
  fromJsonFloat,
  fromNullableJsonFloat,
  type JsonFloat,
  toJsonFloat,
  toNullableJsonFloat,
} from './json-float.ts';
import { readRows } from './read-rows.ts';
import { writeRows } from './write-rows.ts';

/** A verdict older than this says nothing about now: its source is then not in the answer. */
const VERDICT_AGE_MS_MAX = 600_000;

/** What a verdict is about. */
export const VERDICT_KEY = 'Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, Signal, Dimension';

interface VerdictRow {
  readonly EvaluatedAt: string;
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly ServiceInstanceId: string;
  readonly Signal: Signal;
  readonly Dimension: Dimension;
  readonly Outcome: Outcome;
  readonly Estimate: JsonFloat | null;
  readonly Lower: JsonFloat | null;
  readonly Upper: JsonFloat | null;
  readonly Confidence: JsonFloat;
  readonly Unit: 'ratio' | 's';
  readonly N: string;
  readonly LimitWarn: JsonFloat;
  readonly LimitFail: JsonFloat;
  readonly WindowStart: string;
  readonly WindowEnd: string;
  readonly ValidUntil: string;
  readonly Reasons: string;
  readonly Estimators: string;
  readonly Evidence: string;
}

/** Appends verdicts. @throws PipelineError store_unavailable, store_refused */
export async function insertVerdicts(client: ClickHouseClient, verdicts: readonly Verdict[]): Promise<void> {
  // Thousands of one tick share their few times.
  const texts = new Map<number, string>();
  const timeText = (timeMs: number) => {
    const known = texts.get(timeMs) ?? toClickhouseTime(timeMs);
    texts.set(timeMs, known);
    return known;
  };
  await writeRows(
    client,
    'verdicts',
    verdicts.map((verdict) => ({ ...verdictRow(verdict, timeText) })),
  );
}

/**
 * The newest verdict of each source and dimension, as it stood at `atMs` (else `nowMs`), not older than 10 min.
 * @throws PipelineError store_unavailable
 */
export async function readVerdicts(
  client: ClickHouseClient,
  filter: {
    service?: string | undefined;
    dimension?: Dimension | undefined;
    atMs?: number | undefined;
    nowMs: number;
  },
): Promise<Verdict[]> {
  const atMs = filter.atMs ?? filter.nowMs;
  return readNewest(client, { ...filter, fromMs: atMs - VERDICT_AGE_MS_MAX, toMs: atMs });
}

/** That data of a service failed a judgement in some range of time. */
export interface FailedData {
  readonly serviceName: string;
  readonly signal: Signal;
  readonly dimension: Dimension;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Judgements that said `fail` in [fromMs, untilMs), as far as verdicts are kept. @throws PipelineError store_unavailable */
export async function readFailedData(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<FailedData[]> {
  const rows = await readRows<{
    ServiceName: string;
    Signal: Signal;
    Dimension: Dimension;
    First: string;
    Last: string;
  }>(client, {
    sql: `SELECT ServiceName, Signal, Dimension, min(EvaluatedAt) AS First, max(EvaluatedAt) AS Last FROM verdicts
      WHERE Outcome = 'fail' AND EvaluatedAt >= {from:DateTime64(3, 'UTC')} AND EvaluatedAt < {until:DateTime64(3, 'UTC')}
      GROUP BY ServiceName, Signal, Dimension ORDER BY ServiceName, Signal, Dimension`,
    params: { from: toClickhouseTime(range.fromMs), until: toClickhouseTime(range.untilMs) },
    about: 'verdicts',
  });
  return rows.map((row) => ({
    serviceName: row.ServiceName,
    signal: row.Signal,
    dimension: row.Dimension,
    firstMs: fromClickhouseTime(row.First),
    lastMs: fromClickhouseTime(row.Last),
  }));
}

/** Finds the newest time per key first: the JSON columns are then read for those rows only. */
async function readNewest(
  client: ClickHouseClient,
  range: {
    fromMs: number;
    toMs: number | null;
    service?: string | undefined;
    dimension?: string | undefined;
  },
): Promise<Verdict[]> {
  const where = ["EvaluatedAt >= {from:DateTime64(3, 'UTC')}"];
  if (range.toMs !== null) where.push("EvaluatedAt <= {to:DateTime64(3, 'UTC')}");
  if (range.service !== undefined) where.push('ServiceName = {service:String}');
  if (range.dimension !== undefined) where.push('Dimension = {dimension:String}');
  const within = where.join(' AND ');
  const rows = await readRows<VerdictRow>(client, {
    sql: `SELECT * FROM verdicts WHERE ${within}
      AND (EvaluatedAt, ${VERDICT_KEY}) IN (SELECT max(EvaluatedAt), ${VERDICT_KEY} FROM verdicts WHERE ${within} GROUP BY ${VERDICT_KEY})
      ORDER BY ${VERDICT_KEY} LIMIT 1 BY ${VERDICT_KEY}`,
    params: {
      from: toClickhouseTime(range.fromMs),
      ...(range.toMs === null ? {} : { to: toClickhouseTime(range.toMs) }),
      ...(range.service === undefined ? {} : { service: range.service }),
      ...(range.dimension === undefined ? {} : { dimension: range.dimension }),
    },
    about: 'verdicts',
  });
  return rows.map(verdictOf);
}

function verdictRow(verdict: Verdict, timeText: (timeMs: number) => string): VerdictRow {
  return {
    EvaluatedAt: timeText(verdict.evaluatedAtMs),
    Tenant: verdict.source.tenant,
    ServiceNamespace: verdict.source.serviceNamespace,
    ServiceName: verdict.source.serviceName,
    ServiceInstanceId: verdict.source.serviceInstanceId,
    Signal: verdict.source.signal,
    Dimension: verdict.dimension,
    Outcome: verdict.outcome,
    Estimate: toNullableJsonFloat(verdict.estimate),
    Lower: toNullableJsonFloat(verdict.lower),
    Upper: toNullableJsonFloat(verdict.upper),
    Confidence: toJsonFloat(verdict.confidence),
    Unit: verdict.unit,
    N: String(Math.round(verdict.n)),
    LimitWarn: toJsonFloat(verdict.limits.warn),
    LimitFail: toJsonFloat(verdict.limits.fail),
    WindowStart: timeText(verdict.window.startMs),
    WindowEnd: timeText(verdict.window.endMs),
    ValidUntil: timeText(verdict.validUntilMs),
    Reasons: JSON.stringify(verdict.reasons),
    Estimators: JSON.stringify(verdict.estimators),
    Evidence: JSON.stringify(verdict.evidence),
  };
}

function verdictOf(row: VerdictRow): Verdict {
  return {
    source: {
      tenant: row.Tenant,
      serviceNamespace: row.ServiceNamespace,
      serviceName: row.ServiceName,
      serviceInstanceId: row.ServiceInstanceId,
      signal: row.Signal,
    },
    dimension: row.Dimension,
    outcome: row.Outcome,
    estimate: fromNullableJsonFloat(row.Estimate),
    lower: fromNullableJsonFloat(row.Lower),
    upper: fromNullableJsonFloat(row.Upper),
    confidence: fromJsonFloat(row.Confidence),
    unit: row.Unit,
    n: Number(row.N),
    limits: { warn: fromJsonFloat(row.LimitWarn), fail: fromJsonFloat(row.LimitFail) },
    window: { startMs: fromClickhouseTime(row.WindowStart), endMs: fromClickhouseTime(row.WindowEnd) },
    evaluatedAtMs: fromClickhouseTime(row.EvaluatedAt),
    validUntilMs: fromClickhouseTime(row.ValidUntil),
    reasons: JSON.parse(row.Reasons) as Reason[],
    estimators: JSON.parse(row.Estimators) as Estimator[],
    evidence: JSON.parse(row.Evidence) as Record<string, unknown>,
  };
}
