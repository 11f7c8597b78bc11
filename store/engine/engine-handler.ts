import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../../core/log.ts';
import { answerFault, answerResult } from './answer-engine-request.ts';
import { engineAccess } from './engine-access.ts';
import { EngineFault } from './engine-fault.ts';
import { type EngineJob, engineJob, type JobContext, type LaneName } from './engine-job.ts';
import type { EngineLane } from './engine-lane.ts';
import { readEngineRequest } from './engine-request.ts';
import { runStatement, type StatementResult } from './run-statement.ts';

const ABORTED = 236;

export interface EngineParts extends JobContext {
  /** chdb's directory. */
  readonly enginePath: string;
  readonly token: string;
  readonly lanes: Readonly<Record<LaneName, EngineLane>>;
  readonly log: Log;
  /** Aborted when the engine is about to close. */
  readonly closing: AbortSignal;
  /** Told of every failure that is not an answer of ours. */
  readonly onFailure: (error: unknown) => void;
}

/** Answers one request in ClickHouse's HTTP protocol. Never throws: a failure is an answer. */
export async function handleEngineRequest(
  parts: EngineParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const url = new URL(request.url ?? '/', 'http://engine');
    if (isHealthCheck(request, url)) return void response.end('Ok.\n');
    checkTarget(request, url);
    if (parts.closing.aborted) {
      throw new EngineFault(ABORTED, 'ABORTED', 'The engine is closing; try again when it is back');
    }
    const asked = readEngineRequest(request, url);
    response.setHeader('X-ClickHouse-Query-Id', asked.queryId ?? randomUUID());
    const access = engineAccess(parts.token, asked);
    const job = await engineJob(parts, asked, access, request);
    const result = await runJob(parts, job, gone.signal);
    await answerResult(response, { ...asked, ...job }, result);
  } catch (error) {
    if (!(error instanceof EngineFault)) parts.onFailure(error);
    answerFault(parts.log, response, error);
  }
}

function isHealthCheck(request: IncomingMessage, url: URL): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  return url.pathname === '/ping' || (url.pathname === '/' && !url.searchParams.has('query'));
}

function checkTarget(request: IncomingMessage, url: URL): void {
  if (url.pathname !== '/') {
    throw new EngineFault(60, 'UNKNOWN_TABLE', `There is no page ${url.pathname} here; statements go to /`);
  }
  if (!['GET', 'HEAD', 'POST'].includes(request.method ?? '')) {
    throw new EngineFault(48, 'NOT_IMPLEMENTED', `Method ${request.method} is not known; use GET or POST`);
  }
}

async function runJob(parts: EngineParts, job: EngineJob, gone: AbortSignal): Promise<StatementResult> {
  try {
    return await parts.lanes[job.lane].run(gone, () =>
      runStatement(parts.enginePath, job.statement, job.endsWithCaller ? gone : null),
    );
  } finally {
    if (job.bodyPath !== null) await rm(job.bodyPath, { force: true });
  }
}
