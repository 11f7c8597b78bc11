import type { Column } from './column.ts';
import { GrowingBytes } from './growing-bytes.ts';

/** One self-contained block of ClickHouse's Native format, as an HTTP insert without a client revision takes it. */
export function nativeBlock(columns: Readonly<Record<string, Column>>, rowCount: number): Uint8Array {
  const entries = Object.entries(columns);
  // Close above what it will be, so that every column is copied once.
  const into = new GrowingBytes(entries.reduce((sum, [, column]) => sum + column.byteCount + 128, 16));
  into.varint(entries.length);
  into.varint(rowCount);
  for (const [name, column] of entries) {
    writeName(into, name);
    writeName(into, column.type);
    column.writePrefix(into);
    column.writeData(into);
  }
  return into.filled();
}

function writeName(into: GrowingBytes, name: string): void {
  into.varint(name.length);
  into.ascii(name);
}
