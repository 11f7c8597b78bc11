import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BatchLogRecordProcessor, InMemoryLogRecordExporter, LoggerProvider } from '@opentelemetry/sdk-logs';
import {
  BatchSpanProcessor,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type TracerProviderOptions,
} from '@opentelemetry/sdk-trace';
import { afterEach, describe, expect, it } from 'vitest';
import { OrdinalLogRecordProcessor } from '../../beacon/ordinal-log-record-processor.mjs';
import { OrdinalSpanProcessor } from '../../beacon/ordinal-span-processor.mjs';

/** A tracer whose spans are numbered, and what was exported. */
function numbering(
  options: TracerProviderOptions = {},
  processorOf: (exporter: InMemorySpanExporter) => SpanProcessor = (exporter) =>
    new SimpleSpanProcessor({ exporter }),
) {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [processorOf(exporter), new OrdinalSpanProcessor()];
  const provider = new TracerProvider({ ...options, spanProcessors });
  const attributes = () => exporter.getFinishedSpans().map((span) => span.attributes);
  const seqs = () => attributes().map((one) => one['plumbline.seq']);
  return { tracer: provider.getTracer('test'), provider, attributes, seqs };
}

const { pid } = process;
const pretendPid = (value: number) =>
  Object.defineProperty(process, 'pid', { value, configurable: true, enumerable: true });
afterEach(() => {
  pretendPid(pid);
});

describe('OrdinalSpanProcessor', () => {
  it('numbers spans in the order of their end, though it comes last in the list', async () => {
    const { tracer, attributes, seqs } = numbering();
    const [first, second] = [tracer.startSpan('first'), tracer.startSpan('second')];
    second.end();
    first.end();
    for (let i = 0; i < 20; i++) tracer.startSpan('more').end();
    expect(seqs()).toEqual(Array.from({ length: 22 }, (_, i) => i));
    expect(new Set(attributes().map((one) => one['plumbline.boot_id'])).size).toBe(1);
    expect(attributes()[0]?.['plumbline.boot_id']).toMatch(new RegExp(`^[0-9a-f]{16}-${pid}$`));
    const counts = attributes().map((one) => [one['plumbline.created'], one['plumbline.unnumbered']]);
    expect(counts[0]).toEqual([2, 0]);
    expect(counts[16]).toEqual([17, 0]);
    expect(counts.filter(([created]) => created !== undefined)).toHaveLength(2);
  });

  it('numbers before the queue, so that what a full queue drops leaves gaps', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const batching = (exporter: InMemorySpanExporter) =>
      new BatchSpanProcessor({
        exporter: {
          export: (spans, done) => void released.then(() => exporter.export(spans, done)),
          shutdown: () => exporter.shutdown(),
        },
        maxQueueSize: 10,
        maxExportBatchSize: 10,
      });
    const { tracer, provider, seqs } = numbering({}, batching);
    // Ten are on their way, ten wait, five find the queue full.
    for (let i = 0; i < 25; i++) tracer.startSpan('a').end();
    release();
    await provider.forceFlush();
    tracer.startSpan('b').end();
    await provider.forceFlush();
    expect(seqs()).toEqual([...Array.from({ length: 20 }, (_, i) => i), 25]);
  });

  it('gives no number to what is not sampled', () => {
    const { tracer, seqs } = numbering({ sampler: new TraceIdRatioBasedSampler(0.5) });
    for (let i = 0; i < 200; i++) tracer.startSpan('a').end();
    expect(seqs().length).toBeGreaterThan(20);
    expect(seqs().length).toBeLessThan(180);
    expect(seqs()).toEqual(seqs().map((_, i) => i));
  });

  it('leaves no gap where a span has no room for its number, and counts it', () => {
    const { tracer, attributes, seqs } = numbering({ spanLimits: { attributeCountLimit: 4 } });
    tracer.startSpan('a').end();
    tracer.startSpan('full', { attributes: { a: 1, b: 2, c: 3, d: 4 } }).end();
    for (let i = 0; i < 16; i++) tracer.startSpan('b').end();
    expect(seqs()).toEqual([0, undefined, ...Array.from({ length: 16 }, (_, i) => i + 1)]);
    expect(attributes().at(-1)?.['plumbline.unnumbered']).toBe(1);
  });

  it('begins anew in another process', () => {
    const { tracer, attributes, seqs } = numbering();
    for (let i = 0; i < 3; i++) tracer.startSpan('a').end();
    pretendPid(pid + 1);
    tracer.startSpan('b').end();
    expect(seqs()).toEqual([0, 1, 2, 0]);
    expect(attributes()[3]?.['plumbline.boot_id']).toMatch(new RegExp(`-${pid + 1}$`));
    expect(attributes()[3]?.['plumbline.boot_id']).not.toBe(attributes()[0]?.['plumbline.boot_id']);
  });
});

describe('OrdinalLogRecordProcessor', () => {
  it('numbers log records that go to a later processor', async () => {
    const exporter = new InMemoryLogRecordExporter();
    const processors = [new OrdinalLogRecordProcessor(), new BatchLogRecordProcessor({ exporter })];
    const provider = new LoggerProvider({ processors });
    for (let i = 0; i < 5; i++) provider.getLogger('test').emit({ body: `${i}` });
    await provider.forceFlush();
    const records = exporter.getFinishedLogRecords();
    expect(records.map((record) => record.attributes['plumbline.seq'])).toEqual([0, 1, 2, 3, 4]);
    expect(records[0]?.attributes['plumbline.created']).toBe(1);
    await provider.shutdown();
  });
});

describe('plumbline/beacon', () => {
  it('is found by its public names, in plain JavaScript', async () => {
    const script = `
      const { OrdinalSpanProcessor } = await import('plumbline/beacon');
      const { OrdinalLogRecordProcessor } = await import('plumbline/beacon/logs');
      console.log(OrdinalSpanProcessor.name, OrdinalLogRecordProcessor.name);`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--no-experimental-strip-types', '--input-type=module', '-e', script],
      { cwd: join(import.meta.dirname, '../..') },
    );
    expect(stdout.trim()).toBe('OrdinalSpanProcessor OrdinalLogRecordProcessor');
  });
});
