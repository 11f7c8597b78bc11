import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Log } from '../../core/log.ts';
import { sqlString } from '../sql-text.ts';
import { contentTypeOf } from './content-type.ts';
import { type EngineAccess, engineAccess } from './engine-access.ts';
import { EngineFault, httpStatusOfCode } from './engine-fault.ts';
import type { EngineLane } from './engine-lane.ts';
import { type EngineRequest, readEngineRequest } from './engine-request.ts';
import { namedFormat, readsOnly } from './read-statement.ts';
import { decodedBody, readStatementBody, writeBody } from './request-body.ts';
import { runStatement, type Statement, type StatementResult } from './run-statement.ts';
import { type InsertHead, splitInsert } from './split-insert.ts';

export interface EngineParts {
  /** chdb's directory. */
  readonly enginePath: string;
  /** Where bodies wait for the engine to read them. */
  readonly bodiesPath: string;
  readonly token: string;
  readonly lanes: { readonly write: EngineLane; readonly read: EngineLane; readonly guest: EngineLane };
  readonly log: Log;
}

const gzipBytes = promisify(gzip);

/** What is to be done for a request: a statement, and for data the file that holds it. */
interface Job {
  readonly statement: Statement;
  readonly lane: EngineLane;
  readonly format: string;
  readonly bodyPath: string | null;
  readonly killable: boolean;
}

/** Answers one request in ClickHouse's HTTP protocol. Never throws: a failure is an answer. */
export async function answerEngineRequest(
  parts: EngineParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://engine');
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    if (isHealthCheck(request, url)) return void response.end('Ok.\n');
    if (url.pathname !== '/')
      throw new EngineFault(60, 'UNKNOWN_TABLE', `There is no page ${url.pathname} here`);
    const asked = readEngineRequest(request, url);
    const queryId = asked.queryId ?? randomUUID();
    response.setHeader('X-ClickHouse-Query-Id', queryId);
    const job = await prepareJob(parts, asked, engineAccess(parts.token, asked), request);
    const result = await runJob(parts, job, gone.signal);
    await answerResult(response, job, asked.gzipAnswer, result);
  } catch (error) {
    answerFault(parts.log, response, error);
  }
}

function isHealthCheck(request: IncomingMessage, url: URL): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  return url.pathname === '/ping' || (url.pathname === '/' && !url.searchParams.has('query'));
}

async function prepareJob(
  parts: EngineParts,
  asked: EngineRequest,
  access: EngineAccess,
  request: IncomingMessage,
): Promise<Job> {
  const head = splitInsert(`${asked.query}\n`);
  if (access === 'guest' && head !== null) refuseWrite();
  if (head !== null) {
    const inline = Buffer.from(`${asked.query}\n`.slice(head.dataAt));
    return insertJob(parts, asked, head, precede(inline, decodedBody(request)));
  }
  const body = await readStatementBody(decodedBody(request));
  if (body.data !== null) {
    if (access === 'guest') refuseWrite();
    return insertJob(parts, asked, body.data.head, body.data.bytes);
  }
  const sql = [asked.query, body.text].filter((text) => text !== '').join('\n');
  return statementJob(parts, asked, access, sql);
}

function refuseWrite(): never {
  throw new EngineFault(164, 'READONLY', 'Only the holder of the internal token may write');
}

async function* precede(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  yield* rest;
}

function statementJob(parts: EngineParts, asked: EngineRequest, access: EngineAccess, sql: string): Job {
  const reads = readsOnly(sql);
  const format = namedFormat(sql) ?? asked.defaultFormat ?? 'TabSeparated';
  const lane = access === 'guest' ? parts.lanes.guest : reads ? parts.lanes.read : parts.lanes.write;
  return {
    statement: { ...asked, sql, format: asked.defaultFormat ?? 'TabSeparated', readOnly: access === 'guest' },
    lane,
    format,
    bodyPath: null,
    killable: reads,
  };
}

async function insertJob(
  parts: EngineParts,
  asked: EngineRequest,
  head: InsertHead,
  bytes: AsyncIterable<Uint8Array>,
): Promise<Job> {
  const bodyPath = join(parts.bodiesPath, randomUUID());
  try {
    await writeBody(bodyPath, bytes);
  } catch (error) {
    await rm(bodyPath, { force: true });
    throw error;
  }
  const source = `FROM INFILE ${sqlString(bodyPath)} COMPRESSION 'none'`;
  const sql = `${head.target} ${source} ${head.settings} FORMAT ${head.format}`;
  return {
    statement: { ...asked, sql, format: 'Null', readOnly: false },
    lane: parts.lanes.write,
    format: 'TabSeparated',
    bodyPath,
    killable: false,
  };
}

async function runJob(parts: EngineParts, job: Job, gone: AbortSignal): Promise<StatementResult> {
  try {
    return await job.lane.run(gone, () =>
      runStatement(parts.enginePath, job.statement, job.killable ? gone : null),
    );
  } finally {
    if (job.bodyPath !== null) await rm(job.bodyPath, { force: true });
  }
}

async function answerResult(
  response: ServerResponse,
  job: Job,
  gzipAnswer: boolean,
  result: StatementResult,
): Promise<void> {
  const written = job.bodyPath === null ? 0 : result.rowsRead;
  response.setHeader(
    'X-ClickHouse-Summary',
    JSON.stringify({
      read_rows: String(result.rowsRead),
      read_bytes: String(result.bytesRead),
      written_rows: String(written),
      written_bytes: String(job.bodyPath === null ? 0 : result.bytesRead),
      total_rows_to_read: '0',
      result_rows: String(written),
      result_bytes: String(result.bytes.length),
      elapsed_ns: String(Math.round(result.elapsedMs * 1e6)),
    }),
  );
  response.setHeader('X-ClickHouse-Format', job.format);
  response.setHeader('Content-Type', contentTypeOf(job.format));
  if (!gzipAnswer) return void response.end(result.bytes);
  response.setHeader('Content-Encoding', 'gzip');
  response.end(await gzipBytes(result.bytes, { level: 1 }));
}

function answerFault(log: Log, response: ServerResponse, error: unknown): void {
  if (response.destroyed || response.headersSent) return void response.destroy();
  const fault = asFault(error);
  response.statusCode = httpStatusOfCode(fault.code);
  if (response.statusCode === 503) response.setHeader('Retry-After', '1');
  if (response.statusCode === 500) log.warn({ code: fault.code }, `Engine: ${fault.text}`);
  response.setHeader('X-ClickHouse-Exception-Code', String(fault.code));
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
  // The rest of a body that nobody will read must not be taken for the next request.
  if (!response.req.complete) response.setHeader('Connection', 'close');
  response.end(`${fault.text}\n`);
}

function asFault(error: unknown): { code: number; text: string } {
  if (error instanceof EngineFault) return { code: error.code, text: error.body };
  const message = error instanceof Error ? error.message : String(error);
  const code = Number((error as { clickhouseCode?: unknown }).clickhouseCode ?? Number.NaN);
  if (Number.isInteger(code)) return { code, text: message };
  return { code: 1002, text: new EngineFault(1002, 'UNKNOWN_EXCEPTION', message).body };
}
