import type { ClickHouseClient } from '@clickhouse/client';
import type { Signal } from '../core/signal.ts';
import type { Source } from '../core/source.ts';
import type { Dimension, Estimator, Limits, Outcome, Reason, Verdict } from '../core/verdict.ts';
import { fromClickhouseTime, toClickhouseTime } from './clickhouse-time.ts';
import { fromJsonFloat, fromNullableJsonFloat, type JsonFloat } from './json-float.ts';
import { URGENT_PRIORITY } from './query-priority.ts';
import { readRows } from './read-rows.ts';
import { storeFailure } from './store-failure.ts';
import { VERDICT_KEY } from './verdicts.ts';

/** How many verdicts were made at each time; a time whose count differs from what was seen has news. */
export type VerdictTimes = ReadonlyMap<string, number>;

/** Of every time from `sinceMs` on, as ClickHouse writes it. Cheap: no verdict is read. @throws PipelineError store_unavailable */
export async function readVerdictTimes(client: ClickHouseClient, sinceMs: number): Promise<VerdictTimes> {
  const rows = await readRows<{ at: string; rows: string }>(client, {
    sql: `SELECT EvaluatedAt AS at, count() AS rows FROM verdicts
      WHERE EvaluatedAt >= {since:DateTime64(3, 'UTC')} GROUP BY EvaluatedAt ORDER BY EvaluatedAt`,
    params: { since: toClickhouseTime(sinceMs) },
    about: 'times of verdicts',
    isUrgent: true,
  });
  return new Map(rows.map(({ at, rows: count }) => [at, Number(count)]));
}

/** About a millisecond of parsing. */
const ROWS_A_TURN = 50;

const COLUMNS = `Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, Signal, Dimension, Outcome, Estimate, Lower, Upper,
  Confidence, Unit, N, LimitWarn, LimitFail, WindowStart, WindowEnd, EvaluatedAt, ValidUntil, Reasons, Estimators, Evidence`;

const AT_TIMES = "EvaluatedAt IN {times:Array(DateTime64(3, 'UTC'))}";

type Columns = [
  ...[string, string, string, string, Signal, Dimension, Outcome],
  ...[JsonFloat | null, JsonFloat | null, JsonFloat | null, JsonFloat],
  ...['ratio' | 's', string, JsonFloat, JsonFloat],
  ...[string, string, string, string, string, string, string],
];

/**
 * Of every source and dimension the newest verdict made at these times, as they come off the wire, some at once: between
 * two lots the event loop turns, so that thousands hold up nobody. Newest only: the first reading is of ten minutes, in
 * which each was renewed a hundred times.
 * @throws PipelineError store_unavailable
 */
export async function* streamVerdicts(
  client: ClickHouseClient,
  times: readonly string[],
): AsyncGenerator<Verdict[]> {
  // Thousands of one tick share their few times.
  const known = new Map<string, number>();
  const timeMs = (text: string): number => {
    const ms = known.get(text) ?? fromClickhouseTime(text);
    known.set(text, ms);
    return ms;
  };
  try {
    const result = await client.query({
      query: `SELECT ${COLUMNS} FROM verdicts WHERE ${AT_TIMES}
        AND (EvaluatedAt, ${VERDICT_KEY}) IN (SELECT max(EvaluatedAt), ${VERDICT_KEY} FROM verdicts WHERE ${AT_TIMES} GROUP BY ${VERDICT_KEY})
        ORDER BY EvaluatedAt LIMIT 1 BY ${VERDICT_KEY}`,
      query_params: { times },
      format: 'JSONCompactEachRow',
      clickhouse_settings: { output_format_json_quote_denormals: 1, priority: URGENT_PRIORITY },
    });
    for await (const rows of result.stream<Columns>()) {
      for (let i = 0; i < rows.length; i += ROWS_A_TURN) {
        yield rows.slice(i, i + ROWS_A_TURN).map((row) => new StoredVerdict(row.json(), timeMs));
        // Lots that have arrived already would follow each other within one turn.
        await new Promise((resume) => setImmediate(resume));
      }
    }
  } catch (error) {
    throw storeFailure(error, 'read verdicts');
  }
}

/** Its texts are parsed when somebody reads them: of thousands that are renewed every second, nobody does of most. */
class StoredVerdict implements Verdict {
  readonly source: Source;
  readonly dimension: Dimension;
  readonly outcome: Outcome;
  readonly estimate: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly confidence: number;
  readonly unit: 'ratio' | 's';
  readonly n: number;
  readonly limits: Limits;
  readonly window: { readonly startMs: number; readonly endMs: number };
  readonly evaluatedAtMs: number;
  readonly validUntilMs: number;
  readonly #texts: { readonly reasons: string; readonly estimators: string; readonly evidence: string };

  constructor(columns: Columns, timeMs: (text: string) => number) {
    const [tenant, serviceNamespace, serviceName, serviceInstanceId, signal, dimension, outcome, ...rest] =
      columns;
    const [estimate, lower, upper, confidence, unit, n, limitWarn, limitFail, ...texts] = rest;
    const [windowStart, windowEnd, evaluatedAt, validUntil, reasons, estimators, evidence] = texts;
    this.source = { tenant, serviceNamespace, serviceName, serviceInstanceId, signal };
    this.dimension = dimension;
    this.outcome = outcome;
    this.estimate = fromNullableJsonFloat(estimate);
    this.lower = fromNullableJsonFloat(lower);
    this.upper = fromNullableJsonFloat(upper);
    this.confidence = fromJsonFloat(confidence);
    this.unit = unit;
    this.n = Number(n);
    this.limits = { warn: fromJsonFloat(limitWarn), fail: fromJsonFloat(limitFail) };
    this.window = { startMs: timeMs(windowStart), endMs: timeMs(windowEnd) };
    this.evaluatedAtMs = timeMs(evaluatedAt);
    this.validUntilMs = timeMs(validUntil);
    this.#texts = { reasons, estimators, evidence };
  }

  get reasons(): readonly Reason[] {
    return JSON.parse(this.#texts.reasons) as Reason[];
  }

  get estimators(): readonly Estimator[] {
    return JSON.parse(this.#texts.estimators) as Estimator[];
  }

  get evidence(): Readonly<Record<string, unknown>> {
    return JSON.parse(this.#texts.evidence) as Record<string, unknown>;
  }
}
