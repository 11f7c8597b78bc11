import { PipelineError } from '../core/errors.ts';

const TIMEOUT_MS = 10_000;

/**
 * POSTs to a receiver of exports once; resolves with its status when it took it (2xx).
 * @throws PipelineError webhook_unavailable (429, 5xx, network, 10 s: try again), webhook_refused (anything else)
 */
export async function postExport(
  { url, token, signal }: { url: string; token: string | undefined; signal: AbortSignal },
  { body, headers }: { body: string | Uint8Array<ArrayBuffer>; headers: Readonly<Record<string, string>> },
): Promise<number> {
  const { host } = new URL(url);
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: {
      'user-agent': 'plumbline',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    redirect: 'manual', // a token must not follow
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  }).catch((cause: unknown) => {
    throw new PipelineError('webhook_unavailable', `${host} does not answer.`, {}, cause);
  });
  await response.body?.cancel();
  const { ok, status } = response;
  if (ok) return status;
  const code = status === 429 || status >= 500 ? 'webhook_unavailable' : 'webhook_refused';
  throw new PipelineError(code, `${host} answered ${status}.`, { status });
}
