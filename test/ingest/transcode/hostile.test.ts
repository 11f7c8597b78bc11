import { describe, expect, it } from 'vitest';
import { hasCode } from '../../../core/errors.ts';
import type { Signal } from '../../../core/signal.ts';
import { SignalBatch } from '../../../ingest/transcode/signal-batch.ts';
import { ARRIVAL, sealed } from './chunks-of.ts';
import { encodeRequest } from './otlp-types.ts';
import { message } from './rewrite-message.ts';

/** Bodies of about half a megabyte that cost a hundred times more than others would, were it not looked after. */
const MEGABYTE = 1_000_000;
const CPU_MS_MAX = 1_500;
/** What a request repeats in its rows is bounded at 256 MiB; a body beyond that bound is refused. */
const REPEATED_BYTES_MAX = 268_435_456;

const all = (...parts: Uint8Array[]) => Buffer.concat(parts);
const times = (count: number, part: Uint8Array) => Buffer.alloc(count * part.length, part);
const text = (field: number, length: number) => message(field, Buffer.alloc(length, 'x'));
const attribute = (key: string, value: Uint8Array) =>
  message(1, all(message(1, Buffer.from(key)), message(2, value)));
const resource = (...attributes: Uint8Array[]) => message(1, all(...attributes));
const request = (...parts: Uint8Array[]) => message(1, all(...parts));
const items = (count: number, item: Uint8Array) => message(2, times(count, message(2, item)));
const EMPTY = new Uint8Array(0);
const POINT = message(1, Buffer.from('310000000000000000', 'hex'));
const ids = all(message(1, Buffer.alloc(16, 1)), message(2, Buffer.alloc(8, 1)));

function walk(signal: Signal, body: Uint8Array) {
  const batch = new SignalBatch(signal);
  const before = process.threadCpuUsage();
  const judged = batch.append(body, ARRIVAL);
  const { user, system } = process.threadCpuUsage(before);
  return { batch, judged, cpuMs: (user + system) / 1_000 };
}

describe('a body made to be expensive', () => {
  it.each<[string, Signal, () => Uint8Array]>([
    [
      'many invalid spans of a service with a long name',
      'traces',
      () => request(resource(attribute('service.name', text(1, MEGABYTE / 2))), items(100_000, EMPTY)),
    ],
    ['many resources in two halves', 'logs', () => times(30_000, request(resource(), resource()))],
    [
      'a resource in very many parts',
      'logs',
      () => request(times(50_000, resource(attribute('a', text(1, 1))))),
    ],
    ['very many events', 'traces', () => request(items(1, all(ids, times(150_000, message(11, EMPTY)))))],
    [
      'one key very often',
      'logs',
      () => request(items(1, times(80_000, message(6, message(1, Buffer.from('k')))))),
    ],
    [
      'a long list of values',
      'logs',
      () => request(items(1, message(5, message(5, times(100_000, message(1, text(1, 1))))))),
    ],
    [
      'text that is all broken',
      'logs',
      () => request(items(1, message(5, message(1, Buffer.alloc(MEGABYTE, 0xff))))),
    ],
    ['metric data in very many parts', 'metrics', () => request(items(1, times(40_000, message(5, POINT))))],
  ])('%s takes its time and no more', (_name, signal, make) => {
    const { batch, cpuMs } = walk(signal, make());
    expect(cpuMs).toBeLessThan(CPU_MS_MAX);
    expect(batch.byteCount).toBeLessThan(20 * MEGABYTE);
  });

  it.each<[string, 'logs' | 'metrics', () => Uint8Array]>([
    [
      'a long resource over many records',
      'logs',
      () => request(resource(attribute('k', text(1, MEGABYTE / 2))), items(250_000, EMPTY)),
    ],
    [
      'a long resource over records in many scopes',
      'logs',
      () => request(resource(attribute('k', text(1, MEGABYTE / 2))), times(1_000, items(1, EMPTY))),
    ],
    [
      'a long scope over many records',
      'logs',
      () => request(message(2, all(message(1, text(1, MEGABYTE / 2)), times(1_000, message(2, EMPTY))))),
    ],
    [
      'a long schema URL over many records',
      'logs',
      () => request(items(1_000, EMPTY), text(3, MEGABYTE / 2)),
    ],
    [
      'a long description over many points',
      'metrics',
      () => request(items(1, all(text(2, MEGABYTE / 2), message(5, times(1_000, POINT))))),
    ],
    [
      'four million empty attributes of one record',
      'logs',
      () => request(items(1, times(4_100_000, message(6, EMPTY)))),
    ],
    [
      'four million empty attributes of some records',
      'logs',
      () => request(items(41, times(100_000, message(6, EMPTY)))),
    ],
    [
      'four million empty exemplars',
      'metrics',
      () => request(items(1, message(5, message(1, times(4_100_000, message(5, EMPTY)))))),
    ],
    ['a resource in more parts than are put together', 'logs', () => request(times(500_001, resource()))],
  ])('%s is too large, and leaves the batch as it was', (_name, signal, make) => {
    const batch = new SignalBatch(signal);
    const neighbour = encodeRequest(signal, NEIGHBOUR[signal]);
    batch.append(neighbour, ARRIVAL);
    const rssBefore = process.memoryUsage().rss;
    const body = make();
    expect(() => batch.append(body, ARRIVAL)).toThrow(
      expect.toSatisfy((error) => hasCode(error, 'otlp_too_large')),
    );
    expect(process.memoryUsage().rss - rssBefore).toBeLessThan(2 * REPEATED_BYTES_MAX);
    expect(batch.rowCount).toBe(1);
    const alone = new SignalBatch(signal);
    alone.append(neighbour, ARRIVAL);
    expect(sealed(batch)).toEqual(sealed(alone));
  });
});

const NEIGHBOUR = {
  logs: { resourceLogs: [{ scopeLogs: [{ logRecords: [{ severityText: 'neighbour' }] }] }] },
  metrics: {
    resourceMetrics: [
      { scopeMetrics: [{ metrics: [{ name: 'n', gauge: { dataPoints: [{ asDouble: 1 }] } }] }] },
    ],
  },
};
