import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { hasCode, PipelineError } from '../../../core/errors.ts';
import type { Operation } from '../../api/operation.ts';
import { problemOf } from '../../api/problem.ts';
import { problemJson } from '../problem-json.ts';
import { type AdapterDeps, serveAdapter } from '../serve-adapter.ts';
import { GithubApp, type GithubAppConfig } from './github-app.ts';
import { isSigned } from './is-signed.ts';
import {
  HOLD_MS_MAX,
  protectionRuleRequested,
  stepOf,
  type WaitingDeployment,
  waitingDeployment,
} from './protection-rule.ts';
import { keyOf, WaitingFiles } from './waiting-files.ts';

export interface GithubConfig extends GithubAppConfig {
  readonly webhookSecret: string;
}

/** GitHub signs what it sends, so it needs no key of ours. */
export const GITHUB_PATH = '/adapters/github';
/** With pull requests in it a payload has hundreds of KB. */
const BODY_BYTES_MAX = 2_097_152;
const RETRY_MS = 30_000;

const answer = z.object({ accepted: z.boolean() });

const protect = {
  method: 'POST',
  prefix: '',
  path: GITHUB_PATH,
  id: 'githubProtectionRule',
  summary:
    'Webhook of a GitHub deployment protection rule, signed by X-Hub-Signature-256; answered by callback',
  body: protectionRuleRequested,
  answer,
  failures: ['not_found'],
} satisfies Operation;

export const GITHUB_OPERATIONS: readonly Operation[] = [protect];

export interface GithubDeps extends AdapterDeps {
  readonly dataDir: string;
  /** Null: the door is closed. */
  readonly github: GithubConfig | null;
  readonly signal: AbortSignal;
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export function serveGithub(app: FastifyInstance, deps: GithubDeps): void {
  const { github } = deps;
  const follow = github === null ? null : startFollowing(deps, github);
  // Signed are the bytes, so here nobody parses them before.
  app.register((scope, _options, done) => {
    scope.removeContentTypeParser('application/json');
    scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, parsed) =>
      parsed(null, body),
    );
    const door = { operation: protect, bodyBytesMax: BODY_BYTES_MAX, refuse: problemJson };
    serveAdapter(scope, door, deps, async ({ headers, body }, reply) => {
      if (github === null || follow === null) {
        throw new PipelineError(
          'not_found',
          'Nothing is set up for GitHub here: set PLUMBLINE_GITHUB_WEBHOOK_SECRET, PLUMBLINE_GITHUB_APP_ID and PLUMBLINE_GITHUB_APP_KEY.',
        );
      }
      const signature = headers['x-hub-signature-256'];
      if (
        !Buffer.isBuffer(body) ||
        typeof signature !== 'string' ||
        !isSigned(body, signature, github.webhookSecret)
      ) {
        throw new PipelineError(
          'unauthenticated',
          'X-Hub-Signature-256 is not that of this body: check PLUMBLINE_GITHUB_WEBHOOK_SECRET and the secret of the webhook.',
        );
      }
      if (headers['x-github-event'] === 'ping') return { accepted: true };
      if (headers['x-github-event'] !== 'deployment_protection_rule') {
        throw new PipelineError(
          'request_invalid',
          `Only the event deployment_protection_rule is for this door, not ${headers['x-github-event']}: subscribe the app to that one.`,
        );
      }
      await follow(waitingDeployment(protectionRuleRequested.parse(parsed(body)), deps.now()));
      return reply.status(202).send({ accepted: true });
    });
    done();
  });
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new PipelineError('request_invalid', 'The body is no JSON.', {}, cause);
  }
}

/** Goes on with what waited before a restart. @returns takes one more; the same one twice is one */
function startFollowing(
  deps: GithubDeps,
  config: GithubConfig,
): (waiting: WaitingDeployment) => Promise<void> {
  const github = new GithubApp(config, deps.now);
  const files = new WaitingFiles(deps.dataDir);
  const followed = new Set<string>();
  const start = (waiting: WaitingDeployment): void => {
    followed.add(keyOf(waiting));
    void followDeployment(waiting, { ...deps, github, files }).finally(() => followed.delete(keyOf(waiting)));
  };
  for (const waiting of files.read()) start(waiting);
  return async (waiting) => {
    if (!github.mayCall(waiting.callbackUrl)) {
      throw new PipelineError(
        'request_invalid',
        `deployment_callback_url is not below ${config.apiUrl}: set PLUMBLINE_GITHUB_API_URL.`,
      );
    }
    const key = keyOf(waiting);
    if (followed.has(key)) return;
    followed.add(key);
    await files.write(waiting).catch((error: unknown) => {
      followed.delete(key);
      throw error;
    });
    start(waiting);
  };
}

type Following = AdapterDeps &
  Pick<GithubDeps, 'signal' | 'wait'> & { readonly github: GithubApp; readonly files: WaitingFiles };

/** Asks until there is a last word, and tells GitHub; what cannot be told is tried again with a fresh answer. */
async function followDeployment(first: WaitingDeployment, deps: Following): Promise<void> {
  const { gate, github, files, now, log, signal, wait = pause } = deps;
  let waiting = first;
  while (!signal.aborted) {
    const answer = await gate
      .ask(waiting.question)
      .catch((error: unknown) => ({ problem: problemOf(error).detail }));
    const step = stepOf(waiting, answer, now());
    let againInMs = step.againInMs;
    try {
      if (step.review !== null) await github.review({ ...waiting, signal }, step.review);
      waiting = step.next;
      if (againInMs === null) return await files.remove(waiting);
      await files.write(waiting);
    } catch (error) {
      if (signal.aborted) return;
      const facts = { callbackUrl: waiting.callbackUrl, reason: (error as Error).message };
      if (hasCode(error, 'webhook_refused') || now() - waiting.sinceMs > 2 * HOLD_MS_MAX) {
        log.error(facts, 'GitHub does not take the review of a deployment; it is given up.');
        return await files.remove(waiting);
      }
      log.warn(facts, 'GitHub could not be told about a deployment; it is tried again.');
      againInMs = RETRY_MS;
    }
    await wait(againInMs, signal);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
}
