import { PipelineError } from '../core/errors.ts';
import type { Report } from '../core/report.ts';
import { oneLine } from './safe-text.ts';
import { signBody } from './sign-body.ts';

/** A receiver that needs longer should answer first and work afterwards. */
const TIMEOUT_MS = 10_000;

export interface WebhookDelivery {
  readonly url: string;
  /** Without a secret nothing is signed, and the receiver cannot know who sent it. */
  readonly secret: string | undefined;
  readonly report: Report;
  /** The same for every try of one telling: what a receiver has seen it can drop. */
  readonly deliveryId: string;
  readonly fetch: typeof fetch;
  readonly now: () => number;
  /** Ends a try at once, for shutdown. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * POSTs `{report}` once; resolves with the receiver's status when it took it (2xx).
 * @throws PipelineError webhook_unavailable (429, 5xx, network, 10 s: try again), webhook_refused (anything else)
 */
export async function sendWebhook(delivery: WebhookDelivery): Promise<number> {
  const { url, secret, report, deliveryId, now } = delivery;
  const body = JSON.stringify({ report });
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'user-agent': 'plumbline',
    'x-plumbline-report-id': report.id,
    'x-plumbline-delivery': deliveryId,
  };
  if (secret !== undefined) headers['x-plumbline-signature'] = signBody(body, secret, now());
  const target = new URL(url);
  if (target.username !== '') headers['authorization'] = basicAuthorization(target);
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const signal = delivery.signal === undefined ? timeout : AbortSignal.any([timeout, delivery.signal]);
  let response: Response;
  try {
    // A redirect would send the report, and its signature, to somebody else.
    response = await delivery.fetch(target, { method: 'POST', body, headers, signal, redirect: 'manual' });
  } catch (error) {
    throw unavailable(url, reasonOf(error), error);
  }
  const detail = await detailOf(response);
  if (response.ok) return response.status;
  if (response.status === 429 || response.status >= 500)
    throw unavailable(url, `answered ${response.status}${detail}`);
  throw new PipelineError(
    'webhook_refused',
    `The webhook at ${hostOf(url)} refused report ${report.id} with ${response.status}${detail}; correct PLUMBLINE_WEBHOOK_URL or its receiver, this report is not sent again.`,
    { status: response.status },
  );
}

function unavailable(url: string, reason: string, cause?: unknown): PipelineError {
  const text = `The webhook at ${hostOf(url)} did not take a report (${reason}); it is tried again.`;
  return new PipelineError('webhook_unavailable', text, {}, cause);
}

/** Credentials leave the URL (fetch refuses it otherwise) and travel as a header. */
function basicAuthorization(target: URL): string {
  const pair = `${decodeURIComponent(target.username)}:${decodeURIComponent(target.password)}`;
  target.username = '';
  target.password = '';
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

/** Paths of webhooks are often secrets themselves (Slack, Teams): logs get the host only. */
function hostOf(url: string): string {
  return new URL(url).host;
}

/** fetch says only "fetch failed"; why stands in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1_000} s`;
  const cause = error.cause;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}

/** The beginning of the answer: a receiver may send any amount, and nobody reads more of it. */
async function detailOf(response: Response): Promise<string> {
  try {
    const reader = response.body?.getReader();
    const first = await reader?.read();
    await reader?.cancel();
    const text = oneLine(new TextDecoder().decode(first?.value));
    return text === '' ? '' : `: ${text}`;
  } catch {
    return '';
  }
}
