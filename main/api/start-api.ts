import type { AddressInfo } from 'node:net';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Meter, Tracer } from '@opentelemetry/api';
import Fastify, { type FastifyInstance } from 'fastify';
import { PipelineError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { News } from '../../core/news.ts';
import type { DecisionSink } from '../../gates/export-decisions.ts';
import { createGate, type KeyFiles } from '../../gates/gate.ts';
import { GITHUB_PATH, type GithubConfig } from '../adapters/github/serve-github.ts';
import { type ExternalScaler, serveExternalScaler } from '../adapters/keda/serve-external-scaler.ts';
import { MCP_OPERATIONS, serveMcp } from '../adapters/mcp/serve-mcp.ts';
import { ADAPTER_OPERATIONS, serveAdapters } from '../adapters/serve-adapters.ts';
import { localUrl } from '../local-url.ts';
import { observeConstraints } from '../observe-constraints.ts';
import type { Role } from '../settings.ts';
import { authorizer } from './authorize.ts';
import { CHANGE_OPERATIONS, serveChanges } from './changes.ts';
import { hostChecker } from './check-host.ts';
import { PRECISION_OPERATIONS, servePrecision } from './constraint-precision.ts';
import { CONSTRAINT_OPERATIONS, serveConstraints } from './constraints.ts';
import { COVERAGE_OPERATIONS, serveCoverage } from './coverage.ts';
import { DECISION_OPERATIONS, serveDecisions } from './decisions.ts';
import { FAIL_MODE_OPERATIONS, serveFailModes } from './fail-modes.ts';
import { FINDING_ACT_OPERATIONS, serveFindingActs } from './finding-acts.ts';
import { FINDING_PRECISION_OPERATIONS, serveFindingPrecision } from './finding-precision.ts';
import { FINDING_OPERATIONS, serveFindings } from './findings.ts';
import { serveFirstPage } from './first-page.ts';
import { OPEN_PATHS, serveHealth } from './health.ts';
import { INCIDENT_OPERATIONS, serveIncidents } from './incidents.ts';
import { joinTraces } from './join-traces.ts';
import { LEDGER_OPERATIONS, serveLedger } from './ledger.ts';
import { noteProblem } from './note-problem.ts';
import { observeRequests } from './observe-requests.ts';
import { openApiDocument } from './openapi.ts';
import { API_PREFIX } from './operation.ts';
import { checkReadiness } from './readiness.ts';
import { REFERENCE_OPERATIONS, serveReferences } from './references.ts';
import { REPORT_OPERATIONS, serveReports } from './reports.ts';
import { RETRACTION_OPERATIONS, serveRetractions } from './retractions.ts';
import { SET_ASIDE_OPERATIONS, serveSetAside } from './set-aside.ts';
import { SOURCE_OPERATIONS, serveSources } from './sources.ts';
import { serveVerdicts, VERDICT_OPERATIONS } from './verdicts.ts';

export interface ApiConfig {
  readonly host: string;
  /** 0 takes a free one. */
  readonly apiPort: number;
  /** Empty: whoever reaches the port may ask. */
  readonly keys: readonly string[];
  /** Holds the ledger. */
  readonly dataDir: string;
  readonly constraintsPath: string | undefined;
  readonly keyFiles?: KeyFiles;
  /** How callers from elsewhere name this server. */
  readonly publicUrl?: string | undefined;
  readonly github?: GithubConfig | null;
  /** Of KEDA's external scaler; left out: none is served. */
  readonly kedaPort?: number | undefined;
  /** Who else is handed every decision. */
  readonly sinks?: readonly DecisionSink[];
  readonly otlpHttpPort: number;
  readonly otlpGrpcPort: number;
  /** Of this process group: `/readyz` asks the ports of these. */
  readonly roles: readonly Role[];
}

export interface StartApiDeps {
  readonly client: ClickHouseClient;
  readonly now: () => number;
  readonly log: Log;
  readonly meter: Meter;
  /** Told when verdicts were written nearby: the gate then reads at once. */
  readonly judgedNews?: News;
  /** For spans in the traces of callers; none without it. */
  readonly tracer?: Tracer;
  /** Metrics of all roles in Prometheus' text format. @throws PipelineError overloaded */
  readonly collectMetrics: () => Promise<string>;
}

/** A question to the gate is a few hundred bytes, a constraint file a few thousand. */
const BODY_BYTES_MAX = 262_144;

const OPERATIONS = [
  ...SOURCE_OPERATIONS,
  ...VERDICT_OPERATIONS,
  ...RETRACTION_OPERATIONS,
  ...DECISION_OPERATIONS,
  ...FINDING_OPERATIONS,
  ...FINDING_ACT_OPERATIONS,
  ...FINDING_PRECISION_OPERATIONS,
  ...INCIDENT_OPERATIONS,
  ...REFERENCE_OPERATIONS,
  ...CHANGE_OPERATIONS,
  ...COVERAGE_OPERATIONS,
  ...REPORT_OPERATIONS,
  ...CONSTRAINT_OPERATIONS,
  ...PRECISION_OPERATIONS,
  ...FAIL_MODE_OPERATIONS,
  ...LEDGER_OPERATIONS,
  ...SET_ASIDE_OPERATIONS,
  ...ADAPTER_OPERATIONS,
  ...MCP_OPERATIONS,
];

/** Starts the gate, the API, the first page, metrics and probes on one port. @throws PipelineError port_taken */
export async function startApi(
  config: ApiConfig,
  deps: StartApiDeps,
): Promise<{ close(): Promise<void>; readonly port: number; readonly kedaPort: number | null }> {
  const { client, now, log } = deps;
  const { dataDir, constraintsPath, keyFiles = {}, sinks = [] } = config;
  const { judgedNews = new News() } = deps;
  const gate = await createGate({ client, dataDir, constraintsPath, keyFiles, sinks, now, log, judgedNews });
  const app = Fastify({
    bodyLimit: BODY_BYTES_MAX,
    forceCloseConnections: true, // idle keep-alive connections would hold up the stop
    routerOptions: { maxParamLength: 1_000 },
  });
  // A form of another site may send text/plain without asking; JSON makes its browser ask us first.
  app.removeContentTypeParser('text/plain');
  guard(app, config);
  answerProblems(app, log);
  observeRequests(app, deps.meter);
  observeConstraints(deps.meter, { gate, now });
  if (deps.tracer !== undefined) joinTraces(app, deps.tracer, now);

  const apiDeps = { client, gate, now, collectMetrics: deps.collectMetrics };
  for (const serve of [
    serveSources,
    serveVerdicts,
    serveRetractions,
    serveDecisions,
    serveFindings,
    serveFindingActs,
    serveFindingPrecision,
    serveIncidents,
    serveReferences,
    serveChanges,
    serveCoverage,
    serveReports,
    serveConstraints,
    servePrecision,
    serveFailModes,
    serveLedger,
    serveSetAside,
  ]) {
    serve(app, apiDeps);
  }
  const stopping = new AbortController();
  const { publicUrl, github = null } = config;
  serveAdapters(app, { gate, now, log, dataDir, publicUrl, github, signal: stopping.signal });
  serveMcp(app, { client, gate, now, log, publicUrl });
  const document = openApiDocument(OPERATIONS);
  app.get(`${API_PREFIX}/openapi.json`, () => document);
  serveFirstPage(app, apiDeps, {
    otlpHttpUrl: localUrl(config.host, config.otlpHttpPort),
    otlpGrpcUrl: localUrl(config.host, config.otlpGrpcPort),
    needsKey: config.keys.length > 0,
  });
  const portOf = (): number => (app.server.address() as AddressInfo).port;
  serveHealth(app, {
    collectMetrics: deps.collectMetrics,
    readiness: () =>
      checkReadiness({
        host: config.host,
        ports: {
          otlpGrpc: config.otlpGrpcPort,
          otlpHttp: config.otlpHttpPort,
          api: portOf(),
          keda: scaler?.port ?? config.kedaPort ?? null,
        },
        roles: config.roles,
        client,
        gateReady: () => gate.ready(),
      }),
  });
  let scaler: ExternalScaler | null = null;
  const close = async (): Promise<void> => {
    stopping.abort();
    await Promise.all([app.close(), scaler?.close()]);
    await gate.close();
  };
  try {
    await app.listen({ host: config.host, port: config.apiPort });
    if (config.kedaPort !== undefined) {
      const { host, keys, kedaPort: port } = config;
      scaler = await serveExternalScaler({ host, keys, port }, { client, gate, now, log });
    }
  } catch (error) {
    await close();
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const message = `Port ${config.apiPort} is taken: stop what listens there, or set PLUMBLINE_API_PORT to another port.`;
    throw new PipelineError('port_taken', message, { port: config.apiPort }, error);
  }
  return { close, port: portOf(), kedaPort: scaler?.port ?? null };
}

/** Who may ask at all, before anything of the request is read. */
function guard(app: FastifyInstance, { host, keys }: ApiConfig): void {
  const checkHost = hostChecker(host);
  const authorize = authorizer(keys);
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    try {
      checkHost(request.headers.host);
      if (![...OPEN_PATHS, GITHUB_PATH].includes(request.routeOptions.url ?? '')) {
        authorize({ method: request.method, authorization: request.headers.authorization });
      }
      done();
    } catch (error) {
      done(error as Error);
    }
  });
}

function answerProblems(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error, request, reply) => {
    const problem = noteProblem(error, { request, reply, log });
    return reply.status(problem.status).type('application/problem+json').send(problem);
  });
  app.setNotFoundHandler((request) => {
    const path = request.url.split('?')[0] as string;
    const method = request.method === 'GET' ? 'POST' : 'GET';
    if (app.hasRoute({ method, url: path })) {
      throw new PipelineError('method_not_allowed', `${path} takes ${method}, not ${request.method}.`);
    }
    throw new PipelineError(
      'not_found',
      `There is no ${path}; GET ${API_PREFIX}/openapi.json lists what there is.`,
    );
  });
}
