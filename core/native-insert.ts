/**
 * Rows on their way into one table, as ClickHouse Native blocks (same columns in the same order): those of `file`
 * first, then `chunks`. One behind the other they are the body of one insert.
 */
export interface NativeInsert {
  readonly table: string;
  readonly columns: readonly string[];
  /** Absolute path, or null when nothing was written to a file. */
  readonly file: string | null;
  readonly chunks: readonly Uint8Array[];
  readonly rowCount: number;
}

/** The file of an insert cannot be read any more: its rows have to be made again. */
export class ChunksGone extends Error {
  override readonly name = 'ChunksGone';

  constructor(file: string, cause: unknown) {
    super(`The rows waiting in ${file} cannot be read (${(cause as Error).message}).`, { cause });
  }
}
