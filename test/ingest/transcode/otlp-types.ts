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

// Encodes values nested deeper than the walk stores; its own guard stops at 100 messages.
(protobuf.util as unknown as { recursionLimit: number }).recursionLimit = 1_000;

const { root } = protobuf.parse(readFileSync(join(import.meta.dirname, 'otlp.proto'), 'utf8'));

/** Encodes a request with protobufjs, an encoder that shares nothing with the walk. 64-bit values are bigints. */
export function encodeRequest(signal: Signal, request: object): Uint8Array {
  return encodeMessage(REQUEST[signal], request);
}

export function encodeMessage(name: string, message: object): Uint8Array {
  const type = root.lookupType(name);
  return type.encode(type.fromObject(withLongs(message) as object)).finish();
}

export function requestType(signal: Signal): protobuf.Type {
  return root.lookupType(REQUEST[signal]);
}

function withLongs(value: unknown): unknown {
  if (typeof value === 'bigint') return Long.fromString(value.toString(), value > 2n ** 63n - 1n);
  if (Array.isArray(value)) return value.map(withLongs);
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withLongs(item)]));
}
