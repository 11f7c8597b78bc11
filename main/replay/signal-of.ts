import type { Signal } from '../../core/signal.ts';
import { WireReader } from '../../ingest/transcode/wire-reader.ts';

const BY_MEMBER: Readonly<Record<string, Signal>> = {
  resourceSpans: 'traces',
  resource_spans: 'traces',
  resourceMetrics: 'metrics',
  resource_metrics: 'metrics',
  resourceLogs: 'logs',
  resource_logs: 'logs',
};
const FIRST_MEMBER = /^\s*\{\s*"(\w+)"/;

/** Which request a JSON document is, by its member; null when it is none. */
export function signalOfJson(body: Buffer): Signal | null {
  const first = FIRST_MEMBER.exec(body.toString('latin1', 0, 256))?.[1] ?? '';
  const signal = BY_MEMBER[first];
  if (signal !== undefined) return signal;
  try {
    const members = Object.keys(JSON.parse(body.toString()) ?? {});
    return members.map((name) => BY_MEMBER[name]).find((known) => known !== undefined) ?? null;
  } catch {
    return null;
  }
}

const FIXED64 = 1;
const LENGTH = 2;
const tagOf = (field: number, wireType: number) => (field << 3) | wireType;
/** Fields that only items of one signal have, and in this form. */
const TELLING: ReadonlyMap<number, Signal> = new Map([
  [tagOf(7, FIXED64), 'traces'], // start_time_unix_nano
  [tagOf(8, FIXED64), 'traces'], // end_time_unix_nano
  [tagOf(1, FIXED64), 'logs'], // time_unix_nano
  [tagOf(11, FIXED64), 'logs'], // observed_time_unix_nano
  [tagOf(7, LENGTH), 'metrics'], // sum
  [tagOf(10, LENGTH), 'metrics'], // exponential_histogram
]);
/** A metric's gauge, histogram and summary share their numbers with fields of spans and log records. */
const METRIC_DATA: ReadonlySet<number> = new Set([5, 9, 11].map((field) => tagOf(field, LENGTH)));

/**
 * Which request a protobuf message is: the three look alike down to their items, so the first items tell.
 * @returns null when it holds no item
 * @throws PipelineError otlp_malformed
 */
export function signalOfProtobuf(body: Uint8Array): Signal | null {
  return signalWithin(new WireReader(body), body.length, 0);
}

/** Request, resource, scope, item: the second field of a resource holds scopes, and that of a scope items. */
const FIELD_AT_DEPTH = [1, 2, 2] as const;

function signalWithin(reader: WireReader, end: number, depth: number): Signal | null {
  const field = FIELD_AT_DEPTH[depth];
  if (field === undefined) return signalOfItem(reader, end);
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag !== tagOf(field, LENGTH)) {
      reader.skip(tag, end);
      continue;
    }
    const contentEnd = reader.contentEnd(end);
    const signal = signalWithin(reader, contentEnd, depth + 1);
    if (signal !== null) return signal;
    reader.position = contentEnd;
  }
  return null;
}

function signalOfItem(reader: WireReader, end: number): Signal | null {
  let mayBeMetric = false;
  while (reader.position < end) {
    const tag = reader.tag(end);
    const signal = TELLING.get(tag);
    if (signal !== undefined) return signal;
    mayBeMetric ||= METRIC_DATA.has(tag);
    reader.skip(tag, end);
  }
  return mayBeMetric ? 'metrics' : null;
}
