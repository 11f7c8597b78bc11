import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OrdinalSpanProcessor } from '../../beacon/ordinal-span-processor.mjs';
import { sourceKey } from '../../core/source.ts';
import { createStoreClient } from '../../store/client.ts';
import { readOrdinalTallies } from '../../store/tallies/read-ordinal-tallies.ts';
import { estimateOrdinalGaps } from '../../validators/graph/estimate-ordinal-gaps.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { startTestIngest, type TestIngest } from '../ingest/start-test-ingest.ts';

const SERVICE = 'numbered';
const KEY = sourceKey({
  tenant: '',
  serviceNamespace: '',
  serviceName: SERVICE,
  serviceInstanceId: '',
  signal: 'traces',
});

let engine: TestEngine;
let ingest: TestIngest;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: ['tally_ordinal'] });
  ingest = await startTestIngest({}, createStoreClient({ url: engine.url, token: engine.token }));
});
afterAll(async () => {
  await ingest[Symbol.asyncDispose]();
  await engine.close();
});

/** Reports every export as sent, and throws away those that `isLost` names: loss that no counter of the SDK sees. */
function lossy(inner: SpanExporter, isLost: (exportIndex: number) => boolean) {
  const counts = { exports: 0, sentSpans: 0, lostSpans: 0, lostExports: 0 };
  const exporter: SpanExporter = {
    export: (spans: ReadableSpan[], done) => {
      if (!isLost(counts.exports++)) {
        counts.sentSpans += spans.length;
        return inner.export(spans, done);
      }
      counts.lostSpans += spans.length;
      counts.lostExports++;
      done({ code: 0 });
    },
    shutdown: () => inner.shutdown(),
  };
  return { exporter, counts };
}

describe('spans numbered by plumbline/beacon', () => {
  it('tell to the span what an exporter lost on the way, and that nothing was lost before', async () => {
    const inner = new OTLPTraceExporter({ url: `${ingest.httpUrl}/v1/traces`, concurrencyLimit: 64 });
    const { exporter, counts } = lossy(inner, (index) => index > 0 && index < 35 && index % 5 === 2);
    const sdk = new NodeSDK({
      serviceName: SERVICE,
      autoDetectResources: false,
      metricReaders: [],
      logRecordProcessors: [],
      spanProcessors: [
        new BatchSpanProcessor({
          exporter,
          maxExportBatchSize: 50,
          maxQueueSize: 4_000,
          scheduledDelayMillis: 10,
        }),
        new OrdinalSpanProcessor(),
      ],
    });
    sdk.start();
    const tracer = trace.getTracer('beacon');
    for (let i = 0; i < 2_000; i++) tracer.startSpan(`work ${i}`).end();
    await sdk.shutdown();
    expect(counts).toMatchObject({ exports: 40, lostExports: 7, lostSpans: 350, sentSpans: 1_650 });

    const untilMs = Math.ceil(Date.now() / 5_000) * 5_000 + 5_000;
    const read = () => readOrdinalTallies(engine.client, { fromMs: untilMs - 600_000, untilMs });
    const found = async () => (await read()).reduce((sum, tally) => sum + tally.found, 0);
    await expect.poll(found).toBe(counts.sentSpans);
    const estimate = estimateOrdinalGaps(await read(), untilMs + 10_000).get(KEY);
    expect(estimate).toMatchObject({
      id: 'ordinal-gaps',
      kind: 'direct',
      veto: null,
      blame: { at: 'source', name: SERVICE },
      evidence: { missing: { fast: 350 }, gaps: { fast: 7 }, numbered: { fast: 2_000 }, unnumbered: 0 },
    });
    expect(estimate?.fast.interval?.estimate).toBeCloseTo(0.175, 10);
    expect(estimate?.blame?.text).toMatch(
      /350 numbers are missing in 7 runs of 50 on average, most at numbered \(boot [0-9a-f]{16}-/,
    );
  });
});
