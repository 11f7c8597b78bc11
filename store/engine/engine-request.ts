import type { IncomingMessage } from 'node:http';
import { EngineFault } from './engine-fault.ts';

/** URL parameters of ClickHouse's HTTP interface that are not settings. */
const HTTP_ONLY = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'user',
  'password',
  'quota_key',
  'stacktrace',
  'buffer_size',
  'wait_end_of_query',
  'client_protocol_version',
]);

/** What the engine cannot do behind our HTTP face; saying so beats doing something else in silence. */
const NOT_OFFERED: Readonly<Record<string, string>> = {
  session_id: 'sessions over HTTP; every request stands alone here, so leave session_id out',
  role: 'roles; leave role out',
  compress: 'compress=1; ask for gzip with enable_http_compression=1 and Accept-Encoding',
  decompress: 'decompress=1; send gzip with Content-Encoding',
};

/** A request as its URL and headers say; the body may still add the statement and parameters. */
export interface EngineRequest {
  readonly queryId: string | null;
  readonly query: string;
  readonly database: string;
  readonly defaultFormat: string | null;
  readonly settings: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, string>>;
  readonly gzipAnswer: boolean;
  /** Of the Native blocks that the caller reads; 0 where it says nothing. */
  readonly nativeRevision: number;
  readonly user: string | null;
  readonly password: string | null;
}

/** @throws EngineFault for parameters that the engine does not offer */
export function readEngineRequest(request: IncomingMessage, url: URL): EngineRequest {
  const settings: Record<string, string> = {};
  const params: Record<string, string> = {};
  for (const [name, value] of url.searchParams) {
    if (name.startsWith('param_')) params[name.slice('param_'.length)] = value;
    else if (name in NOT_OFFERED) {
      if (value !== '' && value !== '0') refuseOption(name);
    } else if (!HTTP_ONLY.has(name)) settings[name] = value;
  }
  checkNames([...Object.keys(settings), ...Object.keys(params)]);
  const wantsGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  return {
    queryId: url.searchParams.get('query_id'),
    query: url.searchParams.get('query') ?? '',
    database: url.searchParams.get('database') ?? header(request, 'x-clickhouse-database') ?? 'default',
    defaultFormat: url.searchParams.get('default_format') ?? header(request, 'x-clickhouse-format'),
    settings,
    params,
    nativeRevision: Number(url.searchParams.get('client_protocol_version') ?? 0) || 0,
    gzipAnswer: wantsGzip && ['1', 'true'].includes(settings['enable_http_compression'] ?? ''),
    ...credentials(request, url),
  };
}

/** Names travel as they are in a SET, so they must be names and nothing else. */
export function checkNames(names: readonly string[]): void {
  const odd = names.find((name) => !/^[A-Za-z_][\w.]*$/.test(name));
  if (odd !== undefined) throw new EngineFault(115, 'UNKNOWN_SETTING', `'${odd}' is no setting or parameter`);
}

function refuseOption(name: string): never {
  throw new EngineFault(48, 'NOT_IMPLEMENTED', `The embedded engine does not offer ${NOT_OFFERED[name]}`);
}

function header(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
}

function credentials(request: IncomingMessage, url: URL): { user: string | null; password: string | null } {
  const basic = /^Basic\s+(\S+)$/i.exec(request.headers.authorization ?? '');
  if (basic !== null) {
    const [user = '', ...password] = Buffer.from(basic[1] as string, 'base64')
      .toString('utf8')
      .split(':');
    return { user, password: password.join(':') };
  }
  return {
    user: header(request, 'x-clickhouse-user') ?? url.searchParams.get('user'),
    password: header(request, 'x-clickhouse-key') ?? url.searchParams.get('password'),
  };
}
