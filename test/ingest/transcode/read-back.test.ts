import fc, { type Arbitrary } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Signal } from '../../../core/signal.ts';
import { SignalBatch } from '../../../ingest/transcode/signal-batch.ts';
import { startTestEngine, type TestEngine } from '../../engine-process.ts';
import { logsRequest, metricsRequest, traceRequest } from './arbitrary-request.ts';
import { ARRIVAL } from './chunks-of.ts';
import { expectedLogs } from './expected-logs.ts';
import { expectedPoints, type Rows } from './expected-points.ts';
import { expectedSpans } from './expected-spans.ts';
import type { Context } from './expected-values.ts';
import { encodeRequest } from './otlp-types.ts';
import { inOrder, storedRows } from './stored-rows.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: [] });
});
afterAll(() => engine.close());

const SEED = 20_260_921;
let tenants = 0;

/** Many requests in one batch with small chunks, so that rows, dictionaries and offsets meet chunk borders. */
async function compare<T extends object>(
  signal: Signal,
  arbitrary: Arbitrary<T>,
  expected: (request: T, context: Context) => Rows,
): Promise<number> {
  const context = { ...ARRIVAL, tenant: `${signal}-${tenants++}` };
  const requests = fc.sample(arbitrary, { numRuns: 400, seed: SEED });
  const batch = new SignalBatch(signal, { rowsPerChunkMax: 97 });
  const wanted: Rows = {};
  let items = 0;
  for (const request of requests) {
    const judged = batch.append(encodeRequest(signal, request), context);
    items += judged.itemCount - judged.rejectedCount;
    for (const [table, rows] of Object.entries(expected(request, context))) {
      wanted[table] = [...(wanted[table] ?? []), ...rows];
    }
  }
  const stored = await storedRows(engine, batch.seal(), context.tenant);
  const { tally_rejection: rejections, ...tables } = stored;
  expect(rejections?.length ?? 0).toBeGreaterThan(signal === 'logs' ? -1 : 0);
  expect(Object.keys(tables).sort()).toEqual(Object.keys(wanted).sort());
  for (const [table, rows] of Object.entries(tables)) {
    expect(inOrder(rows), table).toEqual(inOrder(wanted[table] as object[]));
  }
  expect(Object.values(tables).flat().length).toBe(items);
  return items;
}

describe('what the engine reads back', () => {
  it('52, 53, 55, 57: is every span, value by value', async () => {
    const spans = (request: object, context: Context) => ({ otel_traces: expectedSpans(request, context) });
    expect(await compare('traces', traceRequest, spans)).toBeGreaterThan(300);
  });

  it('55, 74, 75: is every log record, value by value', async () => {
    const logs = (request: object, context: Context) => ({ otel_logs: expectedLogs(request, context) });
    expect(await compare('logs', logsRequest, logs)).toBeGreaterThan(300);
  });

  it('52, 77: is every data point of the five kinds, value by value', async () => {
    expect(await compare('metrics', metricsRequest, expectedPoints)).toBeGreaterThan(300);
  });
});
