import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import type { Signal } from '../../../core/signal.ts';

const REQUEST: Readonly<Record<Signal, string>> = {
  traces: 'ExportTraceServiceRequest',
  metrics: 'ExportMetricsServiceRequest',
  logs: 'ExportLogsServiceRequest',
};

const Long = protobuf.util.Long as unknown as { fromString(text: string, unsigned: boolean): object };

const { root } = protobuf.parse(readFileSync(join(import.meta.dirname, 'otlp.proto'), 'utf8'));

/** Encodes a request with protobufjs, an encoder that shares nothing with the walk. 64-bit values are bigints. */
export function encodeRequest(signal: Signal, request: object): Uint8Array {
  return encodeMessage(REQUEST[signal], request);
}

export function encodeMessage(name: string, message: object): Uint8Array {
  const type = root.lookupType(name);
  return type.encode(type.fromObject(withLongs(message) as object)).finish();
}

/** What protobufjs makes of a body; throws when it cannot be decoded. */
export function decodeRequest(signal: Signal, body: Uint8Array): object {
  return root.lookupType(REQUEST[signal]).decode(body);
}

function withLongs(value: unknown): unknown {
  if (typeof value === 'bigint') return Long.fromString(value.toString(), value > 2n ** 63n - 1n);
  if (Array.isArray(value)) return value.map(withLongs);
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withLongs(item)]));
}
