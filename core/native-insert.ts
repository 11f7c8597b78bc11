/**
 * Rows on their way into one table: each chunk is a self-contained ClickHouse Native block (same columns in
 * the same order), so the chunks written one after the other are the body of one insert.
 */
export interface NativeInsert {
  readonly table: string;
  readonly columns: readonly string[];
  readonly chunks: readonly Uint8Array[];
  readonly rowCount: number;
}
