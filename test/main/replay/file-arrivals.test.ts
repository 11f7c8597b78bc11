import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { jsonToProtobuf } from '../../../ingest/transcode/json-to-protobuf.ts';
import { type Arrival, fileArrivals, type Unreadable } from '../../../main/replay/file-arrivals.ts';
import { mergeArrivals } from '../../../main/replay/merge-arrivals.ts';
import { temporaryFolder } from '../../ingest/temporary-folder.ts';

const START_MS = Date.UTC(2026, 0, 5);
const SECOND = 1_000;
const YEAR = 365 * 86_400_000;

const nano = (ms: number) => `${ms}000000`;
const attributes = [{ key: 'service.name', value: { stringValue: 'cart' } }];
const resource = { attributes };

function gauge(ms: number): object {
  const metric = { name: 'm', gauge: { dataPoints: [{ timeUnixNano: nano(ms), asDouble: 1 }] } };
  return { resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [metric] }] }] };
}

function histogram(ms: number): object {
  const dataPoints = [
    { timeUnixNano: nano(ms), count: '1', sum: 1, bucketCounts: ['1'], explicitBounds: [] },
  ];
  const metric = { name: 'm', histogram: { dataPoints, aggregationTemporality: 1 } };
  return { resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [metric] }] }] };
}

function span(ms: number): object {
  const one = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    name: 'GET /',
    startTimeUnixNano: nano(ms - 5),
    endTimeUnixNano: nano(ms),
    attributes,
    events: [{ timeUnixNano: nano(ms + YEAR), name: 'no time of the span' }],
  };
  return { resourceSpans: [{ resource, scopeSpans: [{ spans: [one] }] }] };
}

function log(ms: number): object {
  const record = {
    observedTimeUnixNano: nano(ms),
    severityNumber: 9,
    body: { stringValue: 'x' },
    attributes,
  };
  return { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] };
}

const KINDS = { metrics: gauge, traces: span, logs: log } as const;
const text = (value: object) => JSON.stringify(value);
const lines = (values: readonly object[]) => Buffer.from(values.map((value) => `${text(value)}\n`).join(''));
const protobuf = (signal: keyof typeof KINDS, value: object) =>
  Buffer.from(jsonToProtobuf(signal, Buffer.from(text(value))).body);

function framed(messages: readonly Buffer[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(message.length);
      return [length, message];
    }),
  );
}

async function read(bytes: Uint8Array): Promise<{ arrivals: Arrival[]; unreadable: Unreadable[] }> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'recorded');
  await writeFile(file, bytes);
  const unreadable: Unreadable[] = [];
  const arrivals = await allOf(fileArrivals(file, (one) => unreadable.push(one)));
  return { arrivals, unreadable };
}

async function allOf(arrivals: AsyncIterable<Arrival>): Promise<Arrival[]> {
  const all: Arrival[] = [];
  for await (const arrival of arrivals) all.push(arrival);
  return all;
}

const times = [0, 1, 2].map((i) => START_MS + i * SECOND);
const secondsOf = (arrivals: readonly Arrival[]) =>
  arrivals.map(({ receivedAtMs }) => (receivedAtMs - START_MS) / SECOND);

describe.each(['metrics', 'traces', 'logs'] as const)('%s', (signal) => {
  const make = KINDS[signal];
  const values = times.map((ms) => make(ms));
  const messages = values.map((value) => protobuf(signal, value));
  it.each([
    ['JSON lines', lines(values)],
    ['JSON lines, the last without an end', lines(values).subarray(0, -1)],
    ['JSON lines in gzip', gzipSync(lines(values))],
    ['JSON lines in two zstd frames', twoFrames(lines(values))],
    ['protobuf with lengths', framed(messages)],
    ['protobuf with lengths in gzip', gzipSync(framed(messages))],
    [
      'each message compressed by the Collector',
      framed(messages.map((message) => zstdCompressSync(message))),
    ],
    ['JSON compressed by the Collector', framed(values.map((value) => zstdCompressSync(text(value))))],
  ])('reads %s', async (_, bytes) => {
    const { arrivals, unreadable } = await read(bytes);
    expect(unreadable).toEqual([]);
    expect(secondsOf(arrivals)).toEqual([0, 1, 2]);
    expect(arrivals.map(({ message }) => message.signal)).toEqual([signal, signal, signal]);
    expect(arrivals.map(({ message }) => Buffer.from(message.body))).toEqual(messages);
  });

  it.each([
    ['protobuf', messages[0] as Buffer],
    ['JSON over many lines', Buffer.from(JSON.stringify(values[0], null, 2))],
    ['JSON in one line', Buffer.from(text(values[0] as object))],
  ])('reads a file that is one request in %s', async (_, bytes) => {
    const { arrivals, unreadable } = await read(bytes);
    expect(unreadable).toEqual([]);
    expect(arrivals.map(({ message }) => Buffer.from(message.body))).toEqual([messages[0]]);
  });
});

it('knows a histogram in protobuf for a metric', async () => {
  const { arrivals } = await read(protobuf('metrics', histogram(START_MS)));
  expect(arrivals.map(({ message }) => message.signal)).toEqual(['metrics']);
});

function twoFrames(bytes: Buffer): Buffer {
  const half = bytes.length >> 1;
  return Buffer.concat([zstdCompressSync(bytes.subarray(0, half)), zstdCompressSync(bytes.subarray(half))]);
}

it('tells what it cannot read, with its place, and goes on', async () => {
  const [first, second, third] = times.map((ms) => text(gauge(ms)));
  const broken = [first, 'plain text', second?.slice(0, 60), '', '{"a":1}', third, '[]'].join('\n');
  const { arrivals, unreadable } = await read(Buffer.from(broken));
  expect(secondsOf(arrivals)).toEqual([0, 2]);
  expect(unreadable.map(({ place }) => place)).toEqual(['line 2', 'line 3', 'line 5', 'line 7']);
  expect(unreadable[2]?.why).toContain('without resourceSpans, resourceMetrics or resourceLogs');
});

it('reads what stands before the place where a file is cut off', async () => {
  const values = times.map((ms) => gauge(ms));
  const whole = framed(values.map((value) => protobuf('metrics', value)));
  const cut = await read(whole.subarray(0, -3));
  expect(secondsOf(cut.arrivals)).toEqual([0, 1]);
  expect(cut.unreadable).toMatchObject([{ why: 'the file ends within it' }]);

  const gzipped = gzipSync(lines(Array.from({ length: 5_000 }, (_, i) => gauge(START_MS + i * SECOND))));
  const damaged = await read(gzipped.subarray(0, gzipped.length - 100));
  expect(damaged.arrivals.length).toBeGreaterThan(3_000);
  expect(damaged.unreadable.map(({ why }) => why).join()).toContain('not read on from here');
});

it('does not let one wrong clock carry all that follows into its future', async () => {
  const at = (...ms: number[]) => read(lines(ms.map((each) => gauge(each))));
  const [a, b, c, d, e] = [0, 1, 2, 3, 4].map((i) => START_MS + i * SECOND) as [
    number,
    number,
    number,
    number,
    number,
  ];
  expect(secondsOf((await at(a, b, c + YEAR, d, e)).arrivals)).toEqual([0, 1, 2, 3, 4].with(2, 1));
  // Late is late: it came when what stands before it came.
  expect(secondsOf((await at(a, c, b, d)).arrivals)).toEqual([0, 2, 2, 3]);
  expect(secondsOf((await at(a, b, c + YEAR)).arrivals)).toEqual([0, 1, 1]);
  // Records days apart, as of changes.
  const days = [0, 3, 5, 11, 12, 20].map((day) => day * 86_400);
  expect(secondsOf((await at(...days.map((s) => START_MS + s * SECOND))).arrivals)).toEqual(days);
  // All that follows being later is a gap, and believed.
  const gap = [a, b, ...[0, 1, 2, 3, 4, 5].map((i) => START_MS + YEAR + i * SECOND)];
  expect((await at(...gap)).arrivals.at(2)?.receivedAtMs).toBe(START_MS + YEAR);
});

it('reads files side by side, in the order of their times', async () => {
  await using folder = await temporaryFolder();
  const files = await Promise.all(
    [
      [0, 3],
      [1, 2, 4],
    ].map(async (seconds, i) => {
      const file = join(folder.path, `${i}`);
      await writeFile(file, lines(seconds.map((s) => gauge(START_MS + s * SECOND))));
      return fileArrivals(file, () => {});
    }),
  );
  expect(secondsOf(await allOf(mergeArrivals(files)))).toEqual([0, 1, 2, 3, 4]);
});
