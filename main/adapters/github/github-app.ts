import { createSign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { PipelineError } from '../../../core/errors.ts';
import type { Review } from './protection-rule.ts';

export interface GithubAppConfig {
  /** `https://api.github.com`, or `https://<host>/api/v3`. */
  readonly apiUrl: string;
  readonly appId: string;
  /** PEM file of the app's private key. */
  readonly keyPath: string;
}

const TIMEOUT_MS = 10_000;
/** GitHub takes at most ten minutes, and counts by its own clock. */
const JWT_S = 540;
const CLOCK_SLACK_S = 60;

/** Speaks to GitHub as the app: a token per installation and call, so that none has to be kept. */
export class GithubApp {
  readonly #config: GithubAppConfig;
  readonly #key: string;
  readonly #now: () => number;

  /** @throws PipelineError config_invalid */
  constructor(config: GithubAppConfig, now: () => number) {
    this.#config = config;
    this.#now = now;
    try {
      this.#key = readFileSync(config.keyPath, 'utf8');
    } catch (cause) {
      const text = `The private key of the GitHub app cannot be read at ${config.keyPath}: check PLUMBLINE_GITHUB_APP_KEY.`;
      throw new PipelineError('config_invalid', text, { path: config.keyPath }, cause);
    }
  }

  /** A signed payload says where to answer; a token goes to nobody but the API it was made for. */
  mayCall(url: string): boolean {
    return url.startsWith(`${this.#config.apiUrl.replace(/\/$/, '')}/repos/`);
  }

  /** @throws PipelineError webhook_unavailable (try again), webhook_refused (GitHub will not take it) */
  async review(
    of: { callbackUrl: string; installationId: number; signal: AbortSignal },
    review: Review,
  ): Promise<void> {
    const token = await this.#installationToken(of);
    await this.#post(of.callbackUrl, { authorization: `Bearer ${token}`, body: review, signal: of.signal });
  }

  async #installationToken({
    installationId,
    signal,
  }: {
    installationId: number;
    signal: AbortSignal;
  }): Promise<string> {
    const url = `${this.#config.apiUrl.replace(/\/$/, '')}/app/installations/${installationId}/access_tokens`;
    const answer = await this.#post(url, { authorization: `Bearer ${this.#jwt()}`, body: {}, signal });
    const { token } = (await answer.json()) as { token?: unknown };
    if (typeof token === 'string') return token;
    throw new PipelineError(
      'webhook_unavailable',
      'GitHub answered without an installation token; it is asked again.',
    );
  }

  #jwt(): string {
    const nowS = Math.floor(this.#now() / 1_000);
    const claims = { iat: nowS - CLOCK_SLACK_S, exp: nowS + JWT_S, iss: this.#config.appId };
    const parts = [{ alg: 'RS256', typ: 'JWT' }, claims];
    const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return `${text}.${createSign('RSA-SHA256').update(text).sign(this.#key, 'base64url')}`;
  }

  async #post(
    url: string,
    { authorization, body, signal }: { authorization: string; body: object; signal: AbortSignal },
  ): Promise<Response> {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        accept: 'application/vnd.github+json',
        'content-type': 'application/json',
        'user-agent': 'plumbline',
        'x-github-api-version': '2022-11-28',
        authorization,
      },
      body: JSON.stringify(body),
      redirect: 'manual', // a token must not follow
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    }).catch((cause: unknown) => {
      throw new PipelineError(
        'webhook_unavailable',
        `GitHub does not answer at ${new URL(url).host}.`,
        {},
        cause,
      );
    });
    if (response.ok) return response;
    const said = (await response.text()).slice(0, 200);
    // Gone, or decided by somebody else; everything else may be better in a minute.
    const code = [404, 410, 422].includes(response.status) ? 'webhook_refused' : 'webhook_unavailable';
    throw new PipelineError(code, `GitHub answered ${response.status}: ${said}`, { status: response.status });
  }
}
