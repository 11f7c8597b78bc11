import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestEngine, type TestEngine } from '../engine-process.ts';

/** The columns of the Collector's ClickHouse exporter, in its order. */
const POINT =
  'ResourceAttributes ResourceSchemaUrl ScopeName ScopeVersion ScopeAttributes ScopeDroppedAttrCount ScopeSchemaUrl ServiceName MetricName MetricDescription MetricUnit Attributes StartTimeUnix TimeUnix';
const EXEMPLARS =
  'Exemplars.FilteredAttributes Exemplars.TimeUnix Exemplars.Value Exemplars.SpanId Exemplars.TraceId';
const COLUMNS = {
  otel_traces:
    'Timestamp TraceId SpanId ParentSpanId TraceState SpanName SpanKind ServiceName ResourceAttributes ScopeName ScopeVersion SpanAttributes Duration StatusCode StatusMessage Events.Timestamp Events.Name Events.Attributes Links.TraceId Links.SpanId Links.TraceState Links.Attributes',
  otel_logs:
    'Timestamp TraceId SpanId TraceFlags SeverityText SeverityNumber ServiceName Body ResourceSchemaUrl ResourceAttributes ScopeSchemaUrl ScopeName ScopeVersion ScopeAttributes LogAttributes EventName',
  otel_metrics_gauge: `${POINT} Value Flags ${EXEMPLARS}`,
  otel_metrics_sum: `${POINT} Value Flags ${EXEMPLARS} AggregationTemporality IsMonotonic`,
  otel_metrics_histogram: `${POINT} Count Sum BucketCounts ExplicitBounds ${EXEMPLARS} Flags Min Max AggregationTemporality`,
  otel_metrics_exponential_histogram: `${POINT} Count Sum Scale ZeroCount PositiveOffset PositiveBucketCounts NegativeOffset NegativeBucketCounts ${EXEMPLARS} Flags Min Max AggregationTemporality`,
  otel_metrics_summary: `${POINT} Count Sum ValueAtQuantiles.Quantile ValueAtQuantiles.Value Flags`,
} as const;

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: [] });
});
afterAll(() => engine.close());

/** As anybody may ask, without a key. */
async function describeTable(table: string): Promise<[name: string, type: string][]> {
  const body = `DESCRIBE TABLE ${table} FORMAT JSONCompact`;
  const answer = await fetch(engine.url, { method: 'POST', body });
  return ((await answer.json()) as { data: [string, string][] }).data.map(([name, type]) => [name, type]);
}

it.each(Object.entries(COLUMNS))(
  '%s has the columns of the exporter, ours come after; times are nanoseconds, counts 64 bits',
  async (table, names) => {
    const columns = await describeTable(table);
    const expected = names.split(' ');
    expect(columns.map(([name]) => name).slice(0, expected.length)).toEqual(expected);
    const theirs = columns.slice(0, expected.length);
    const times = theirs.filter(([name]) => /(^|\.)(Timestamp|TimeUnix|StartTimeUnix)$/.test(name));
    expect(times.length).toBeGreaterThan(0);
    for (const [name, type] of times) expect(type, name).toMatch(/^(Array\()?DateTime64\(9, 'UTC'\)\)?$/);
    for (const [name, type] of theirs.filter(
      ([column]) => /Counts?$/.test(column) && column !== 'ScopeDroppedAttrCount',
    ))
      expect(type, name).toMatch(/^(UInt64|Array\(UInt64\))$/);
  },
);
