import { type FailureCode, PipelineError } from '../core/errors.ts';

/** A gate that takes longer has not answered: an actor waits for nobody this long. */
const TIMEOUT_MS = 10_000;
/** Of what a person asked for, and looks at. */
export const PATIENT_TIMEOUT_MS = 300_000;

export interface ApiClient {
  getJson<T>(path: string): Promise<T>;
  getText(path: string, accept: string): Promise<string>;
  postJson<T>(path: string, body: unknown): Promise<T>;
}

/** RFC 9457, as our API answers errors. */
interface ProblemDetails {
  readonly title?: string;
  readonly code?: string;
  readonly detail?: string;
}

async function refusal(response: Response, url: string): Promise<PipelineError> {
  const text = await response.text();
  const facts = { status: response.status, url };
  if (response.status === 401 || response.status === 403) {
    const message = `${url} wants a key: pass --key, or set PLUMBLINE_KEYS to the key the server has.`;
    return new PipelineError('unauthenticated', message, facts);
  }
  let conflict: FailureCode = 'reference_changed';
  let reason = `${url} answered ${response.status}: ${text.slice(0, 200)}`;
  try {
    const problem = JSON.parse(text) as ProblemDetails;
    reason = problem.detail ?? problem.title ?? reason;
    if (problem.code === 'finding_closed') conflict = problem.code;
  } catch {
    // Not ours to parse: whatever answers on that port is shown as it is.
  }
  if (response.status === 404) return new PipelineError('not_found', reason, facts);
  if (response.status === 409) return new PipelineError(conflict, reason, facts);
  const code = response.status < 500 ? 'request_invalid' : 'api_unavailable';
  return new PipelineError(code, reason, facts);
}

/**
 * Our HTTP API. @throws PipelineError api_unavailable (nothing answers), unauthenticated, not_found,
 *   request_invalid; the message says what to do
 */
export function createApiClient(server: {
  url: string;
  key: string | undefined;
  timeoutMs?: number | undefined;
}): ApiClient {
  const ask = async (path: string, init: RequestInit, accept: string): Promise<string> => {
    const url = `${server.url}/api/v1${path}`;
    const headers: Record<string, string> = { accept, 'content-type': 'application/json' };
    if (server.key !== undefined) headers['authorization'] = `Bearer ${server.key}`;
    let response: Response;
    try {
      response = await fetch(url, {
        ...init,
        headers,
        signal: AbortSignal.timeout(server.timeoutMs ?? TIMEOUT_MS),
      });
    } catch (error) {
      const message = `No Plumbline answers at ${server.url}: start one with "npm start", or say where it is with --api or PLUMBLINE_API_URL.`;
      throw new PipelineError('api_unavailable', message, { url: server.url }, error);
    }
    if (!response.ok) throw await refusal(response, url);
    return await response.text();
  };
  const json = async <T>(path: string, init: RequestInit): Promise<T> => {
    const text = await ask(path, init, 'application/json');
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      const message = `${server.url} answers, but not like Plumbline: check --api or PLUMBLINE_API_URL.`;
      throw new PipelineError('api_unavailable', message, { url: server.url }, error);
    }
  };
  return {
    getJson: (path) => json(path, {}),
    getText: (path, accept) => ask(path, {}, accept),
    postJson: (path, body) => json(path, { method: 'POST', body: JSON.stringify(body) }),
  };
}
