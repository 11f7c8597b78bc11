import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { SIDE_BY_SIDE } from '../few-rows.ts';
import { URGENT_PRIORITY } from '../query-priority.ts';
import { sqlString } from '../sql-text.ts';
import { admitGuest, checkFormat, checkGuestValues } from './admit-guest.ts';
import { describeStatement } from './describe-statement.ts';
import type { EngineAccess } from './engine-access.ts';
import { EngineFault } from './engine-fault.ts';
import { checkNames, type EngineRequest } from './engine-request.ts';
import { guestSettings } from './guest-limits.ts';
import { decodedBody, readForm, readStatementBody, writeBody } from './request-body.ts';
import type { Statement } from './run-statement.ts';
import { type InsertHead, splitInsert } from './split-insert.ts';

/** ClickHouse reads 256 KiB of a statement by default; ours hold lists of ids. */
const STATEMENT_BYTES_MAX = { internal: 16 * 1024 * 1024, guest: 1024 * 1024 } as const;

export type LaneName = 'bulk' | 'few' | 'write' | 'urgent' | 'read' | 'guest';

/** What is to be done for a request: a statement, and for data the file that holds it. */
export interface EngineJob {
  readonly statement: Statement;
  readonly lane: LaneName;
  /** Of the answer, for its headers. */
  readonly format: string;
  /** To be removed when the job is over. */
  readonly bodyPath: string | null;
  /** Whether the statement ends when its caller leaves; a write goes on, as in ClickHouse. */
  readonly endsWithCaller: boolean;
}

export interface JobContext {
  /** Where bodies wait for the engine to read them. */
  readonly bodiesPath: string;
  /** Names of all table functions, in lower case. */
  readonly tableFunctions: ReadonlySet<string>;
}

/** Reads the rest of a request and makes a job of it. @throws EngineFault for what is not offered or not allowed */
export async function engineJob(
  context: JobContext,
  asked: EngineRequest,
  access: EngineAccess,
  request: IncomingMessage,
): Promise<EngineJob> {
  const form = await readForm(request, STATEMENT_BYTES_MAX[access]);
  if (form !== null)
    return statementJob(context, withForm(asked, form), access, form.get('query') ?? asked.query);
  const text = `${asked.query}\n`;
  const head = splitInsert(text);
  if (head !== null) {
    if (access === 'guest') refuseWrite();
    return insertJob(context, asked, head, precede(text.slice(head.dataAt), decodedBody(request)));
  }
  const body = await readStatementBody(decodedBody(request), STATEMENT_BYTES_MAX[access]);
  if (body.data !== null) {
    if (access === 'guest') refuseWrite();
    return insertJob(context, asked, body.data.head, body.data.bytes);
  }
  return statementJob(context, asked, access, asked.query === '' ? body.text : text + body.text);
}

function refuseWrite(): never {
  throw new EngineFault(164, 'READONLY', 'INSERT: only the holder of the internal token may write');
}

/** A form carries the parameters that would make a URL too long. */
function withForm(asked: EngineRequest, form: ReadonlyMap<string, string>): EngineRequest {
  const params: Record<string, string> = { ...asked.params };
  for (const [name, value] of form)
    if (name.startsWith('param_')) params[name.slice('param_'.length)] = value;
  checkNames(Object.keys(params));
  return { ...asked, params };
}

function statementJob(
  context: JobContext,
  asked: EngineRequest,
  access: EngineAccess,
  sql: string,
): EngineJob {
  const { reads, fromFile, format, several } = describeStatement(sql);
  if (several) {
    throw new EngineFault(
      62,
      'SYNTAX_ERROR',
      'Multi-statements are not allowed; send one statement a request',
    );
  }
  const defaultFormat = asked.defaultFormat ?? 'TabSeparated';
  const job = { format: format ?? defaultFormat, bodyPath: null, endsWithCaller: reads };
  if (access === 'internal') {
    const statement = { ...asked, sql, format: defaultFormat, readOnly: false };
    const reading = asked.settings['priority'] === URGENT_PRIORITY ? 'urgent' : 'read';
    const writing = fromFile ? batchLane(sql) : 'write';
    return { ...job, statement, lane: reads ? reading : writing };
  }
  checkFormat(defaultFormat);
  checkGuestValues([asked.database, ...Object.values(asked.params)]);
  const statement = {
    ...asked,
    sql: admitGuest(sql, context.tableFunctions),
    settings: guestSettings(asked.settings),
    format: defaultFormat,
    readOnly: true,
  };
  return { ...job, statement, lane: 'guest' };
}

async function insertJob(
  context: JobContext,
  asked: EngineRequest,
  head: InsertHead,
  bytes: AsyncIterable<Uint8Array>,
): Promise<EngineJob> {
  const bodyPath = join(context.bodiesPath, randomUUID());
  try {
    await writeBody(bodyPath, bytes);
  } catch (error) {
    await rm(bodyPath, { force: true });
    throw error;
  }
  const source = `FROM INFILE ${sqlString(bodyPath)} COMPRESSION 'none'`;
  const sql = `${head.target} ${source} ${head.settings} FORMAT ${head.format}`;
  const statement = { ...asked, sql, format: 'Null', readOnly: false };
  return { statement, lane: 'write', format: 'TabSeparated', bodyPath, endsWithCaller: false };
}

async function* precede(text: string, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (text !== '') yield Buffer.from(text);
  yield* rest;
}

/** By the words of `insertNative`. */
function batchLane(sql: string): LaneName {
  return sql.includes(SIDE_BY_SIDE) ? 'few' : 'bulk';
}
