import { ClickHouseError } from '@clickhouse/client';
import { type FailureFacts, PipelineError } from '../core/errors.ts';

/**
 * ClickHouse codes that say the rows themselves cannot be stored, today or tomorrow: text, numbers, blocks or
 * columns that do not fit the table. Every other code may pass by itself (memory, too many parts, a replica that
 * is read-only, a table that is still to be made, or still to get a column: 16), and then the rows must stay where they
 * are.
 */
const REFUSED_CODES = new Set([
  6, 8, 10, 12, 15, 20, 25, 26, 27, 32, 33, 36, 38, 41, 43, 44, 47, 50, 53, 62, 69, 70, 72, 73, 107, 115, 117,
  128, 130, 131, 190, 207, 246, 261, 271, 321, 349, 369, 376, 407, 441, 469, 473, 634, 636, 675, 676,
]);

/**
 * What a failed request to ClickHouse means: `store_unavailable` (try again) or `store_refused` (the data or the
 * statement is at fault). An error of ours passes through as it is.
 * @param doing what was tried, to stand after "Cannot": `insert 12 rows into otel_traces`
 */
export function storeFailure(error: unknown, doing: string, facts: FailureFacts = {}): PipelineError {
  if (error instanceof PipelineError) return error;
  const reason = error instanceof Error ? error.message.trim() : String(error);
  if (!(error instanceof ClickHouseError)) {
    return new PipelineError(
      'store_unavailable',
      `Cannot ${doing}: ClickHouse did not answer (${reason}). Check that it runs and that its URL is right.`,
      facts,
      error,
    );
  }
  const code = Number(error.code);
  const refused = REFUSED_CODES.has(code);
  return new PipelineError(
    refused ? 'store_refused' : 'store_unavailable',
    `Cannot ${doing}: ClickHouse answered code ${code} ${error.type ?? ''}: ${reason}`,
    { ...facts, clickhouseCode: code, clickhouseType: error.type ?? 'unknown' },
    error,
  );
}
