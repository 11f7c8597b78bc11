import type { Column } from './column.ts';
import { GrowingBytes } from './growing-bytes.ts';

/** One self-contained block of ClickHouse's Native format, as an HTTP insert without a client revision takes it. */
export function nativeBlock(columns: Readonly<Record<string, Column>>, rowCount: number): Uint8Array {
  const entries = Object.entries(columns);
  const estimate = entries.reduce((sum, [, column]) => sum + column.byteCount + 128, 16);
  const into = new GrowingBytes(estimate);
  into.varint(entries.length);
  into.varint(rowCount);
  for (const [name, column] of entries) {
    writeName(into, name);
    writeName(into, column.type);
    column.writePrefix(into);
    column.writeData(into);
  }
  return into.bytes.slice(0, into.length);
}

function writeName(into: GrowingBytes, name: string): void {
  into.varint(name.length);
  into.ascii(name);
}
