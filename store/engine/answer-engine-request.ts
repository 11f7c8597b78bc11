import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Log } from '../../core/log.ts';
import { contentTypeOf } from './content-type.ts';
import { EngineFault, httpStatusOfCode } from './engine-fault.ts';
import type { EngineJob } from './engine-job.ts';
import type { EngineRequest } from './engine-request.ts';
import { nativeOfRevision } from './native-revision.ts';
import type { StatementResult } from './run-statement.ts';

const UNKNOWN_EXCEPTION = 1002;

const gzipBytes = promisify(gzip);

/** Sends a result with the headers by which clients of ClickHouse know what they got. */
export async function answerResult(
  response: ServerResponse,
  answer: Pick<EngineJob, 'format' | 'bodyPath'> &
    Pick<EngineRequest, 'gzipAnswer' | 'nativeRevision' | 'settings'>,
  result: StatementResult,
): Promise<void> {
  const bytes =
    answer.format === 'Native' ? nativeOfRevision(result.bytes, answer.nativeRevision) : result.bytes;
  response.setHeader('X-ClickHouse-Summary', summary(result, answer.bodyPath !== null));
  response.setHeader('X-ClickHouse-Format', answer.format);
  response.setHeader('X-ClickHouse-Timezone', answer.settings['session_timezone'] ?? 'UTC');
  response.setHeader('Content-Type', contentTypeOf(answer.format));
  if (!answer.gzipAnswer) return void response.end(bytes);
  response.setHeader('Content-Encoding', 'gzip');
  response.end(await gzipBytes(bytes, { level: 1 }));
}

/** What chdb does not tell (totals, rows of the answer) is '0', as in ClickHouse's own early summaries. */
function summary(result: StatementResult, wrote: boolean): string {
  return JSON.stringify({
    read_rows: String(result.rowsRead),
    read_bytes: String(result.bytesRead),
    written_rows: String(wrote ? result.rowsRead : 0),
    written_bytes: String(wrote ? result.bytesRead : 0),
    total_rows_to_read: '0',
    result_rows: String(wrote ? result.rowsRead : 0),
    result_bytes: String(result.bytes.length),
    elapsed_ns: String(Math.round(result.elapsedMs * 1e6)),
  });
}

/** Sends a failure as ClickHouse does: its code as HTTP status, header and text. */
export function answerFault(log: Log, response: ServerResponse, error: unknown): void {
  if (response.destroyed || response.headersSent) return void response.destroy();
  const fault = asFault(error);
  response.statusCode = httpStatusOfCode(fault.code);
  // What ClickHouse refuses is the caller's to tell; this is ours.
  if (fault.code === UNKNOWN_EXCEPTION) log.error({ reason: fault.text }, 'A request to the engine failed.');
  if (response.statusCode === 503) response.setHeader('Retry-After', '1');
  response.setHeader('X-ClickHouse-Exception-Code', String(fault.code));
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
  // What is left of a body that nobody reads must not be taken for the next request.
  if (!response.req.complete) response.setHeader('Connection', 'close');
  response.end(`${fault.text}\n`);
}

function asFault(error: unknown): { readonly code: number; readonly text: string } {
  if (error instanceof EngineFault) return { code: error.code, text: error.body };
  const message = error instanceof Error ? error.message : String(error);
  if ((error as NodeJS.ErrnoException).code === 'ENOSPC') {
    const full = new EngineFault(
      243,
      'NOT_ENOUGH_SPACE',
      `No space left for the data of an INSERT: ${message}`,
    );
    return { code: full.code, text: full.body };
  }
  const code = Number((error as { clickhouseCode?: unknown }).clickhouseCode ?? Number.NaN);
  if (Number.isInteger(code)) return { code, text: message };
  return {
    code: UNKNOWN_EXCEPTION,
    text: new EngineFault(UNKNOWN_EXCEPTION, 'UNKNOWN_EXCEPTION', message).body,
  };
}
