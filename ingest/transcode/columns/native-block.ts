import type { Column } from './column.ts';
import { GrowingBytes } from './growing-bytes.ts';

/** One for all: a block of its own is 4 MB of garbage for every 8,000 rows. */
const into = new GrowingBytes();

/**
 * One self-contained block of ClickHouse's Native format, as an HTTP insert without a client revision takes it.
 * @returns bytes that hold until the next call
 */
export function nativeBlock(columns: Readonly<Record<string, Column>>, rowCount: number): Uint8Array {
  const entries = Object.entries(columns);
  into.reset();
  // Close above what it will be, so that every column is copied once.
  into.reserve(entries.reduce((sum, [, column]) => sum + column.byteCount + 128, 16));
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
