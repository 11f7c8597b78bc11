import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { PipelineError } from '../../../core/errors.ts';
import { jsonFault } from '../../../core/json-fault.ts';
import type { Operation } from '../../api/operation.ts';
import type { Problem } from '../../api/problem.ts';
import { VERSION } from '../../version.ts';
import { serveAdapter } from '../serve-adapter.ts';
import { checkAction, whatWouldAllow } from './check-action.ts';
import { explainDecision, recordOutcome } from './decision-tools.ts';
import { getDriftReport, listDriftReports } from './drift-reports.ts';
import { getDataQuality } from './get-data-quality.ts';
import { listConstraints } from './list-constraints.ts';
import type { McpDeps, McpTool } from './mcp-tool.ts';

/** None of them can change a constraint: people do, in files. */
const TOOLS: readonly McpTool[] = [
  checkAction,
  whatWouldAllow,
  explainDecision,
  recordOutcome,
  getDataQuality,
  listConstraints,
  listDriftReports,
  getDriftReport,
];

const INSTRUCTIONS =
  'Plumbline says whether telemetry can be trusted and which actions are allowed. Before any change to a running system call check_action and act only on allow, inside its limits and before validUntil; hold means leave it and ask again; no answer is no permission. Before concluding anything from metrics, call get_data_quality.';

/** A question may be forty levels deep, and a message holds it a few levels down. */
const DEPTH_MAX = 50;

const message = {
  method: 'POST',
  prefix: '',
  path: '/mcp',
  id: 'mcp',
  summary: 'Model Context Protocol over streamable HTTP, without sessions: tools for agents',
  body: z.record(z.string(), z.unknown()),
  answer: z.record(z.string(), z.unknown()),
} satisfies Operation;

export const MCP_OPERATIONS: readonly Operation[] = [message];

/** Serves MCP; protocols of 2026 (a request says all) and of 2025 (after `initialize`) alike. */
export function serveMcp(
  app: FastifyInstance,
  deps: McpDeps & { readonly publicUrl: string | undefined },
): void {
  const { log, publicUrl } = deps;
  const handler = createMcpHandler(
    () => {
      const server = new McpServer({ name: 'plumbline', version: VERSION }, { instructions: INSTRUCTIONS });
      for (const add of TOOLS) add(server, deps);
      return server;
    },
    { onerror: (error) => log.info({ err: error }, 'An MCP request was refused.') },
  );
  app.addHook('onClose', () => handler.close());
  serveAdapter(app, { operation: message, refuse }, deps, async (request, reply) => {
    if (!isOwnPage(request, publicUrl)) return refuse(FOREIGN_PAGE, reply, request);
    const fault = jsonFault(request.body, DEPTH_MAX);
    if (fault !== null) throw new PipelineError('request_invalid', `The message cannot be read: ${fault}.`);
    return reply.send(await handler.fetch(webRequest(request, reply), { parsedBody: request.body }));
  });
}

/** Agents send no Origin, browsers do: a page of another site must not speak to this server through its visitor. */
function isOwnPage({ headers }: FastifyRequest, publicUrl: string | undefined): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return true;
  const own = [host, publicUrl === undefined ? undefined : new URL(publicUrl).host];
  return URL.canParse(origin) && own.includes(new URL(origin).host);
}

function webRequest(request: FastifyRequest, reply: FastifyReply): Request {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined && !name.startsWith(':') && name !== 'content-length')
      headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  return new Request(`http://${request.headers.host ?? 'localhost'}${request.url}`, {
    method: request.method,
    headers,
    signal: gone.signal,
    body: JSON.stringify(request.body),
  });
}

const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;
const INTERNAL_ERROR = -32_603;

/** The specification asks for this status. */
const FOREIGN_PAGE = {
  status: 403,
  code: 'request_invalid',
  detail: 'Pages of other sites may not ask here.',
} as const;

/** In JSON-RPC, under the status of HTTP. */
function refuse(
  { status, detail, code }: Pick<Problem, 'status' | 'detail' | 'code'>,
  reply: FastifyReply,
  request: FastifyRequest,
): FastifyReply {
  const unread = request.body === undefined && status === 400 ? PARSE_ERROR : INVALID_REQUEST;
  const number = status >= 500 ? INTERNAL_ERROR : unread;
  return reply
    .status(status)
    .send({ jsonrpc: '2.0', id: null, error: { code: number, message: detail, data: { code } } });
}
