import type { GrowingBytes } from './growing-bytes.ts';

/**
 * One column of one open chunk. `rollback` restores the state at `mark` exactly (dictionaries too), so that a
 * body that turns out malformed leaves no trace, not even in the order of a dictionary.
 */
export interface Column {
  /** ClickHouse type, spelt as the table spells it: anything else would cost a cast per insert. */
  readonly type: string;
  readonly byteCount: number;
  mark(): void;
  rollback(): void;
  reset(): void;
  /** What Native writes before any data of the column: the versions of the dictionaries inside it. */
  writePrefix(into: GrowingBytes): void;
  writeData(into: GrowingBytes): void;
}
