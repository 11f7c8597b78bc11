import { z } from 'zod';
import type { Decision, DecisionRequest } from '../../../core/decision.ts';
import { decisionLine } from '../decision-line.ts';

/** What GitHub posts when a job waits for an environment; the rest of the payload is not needed. */
export const protectionRuleRequested = z.object({
  action: z.literal('requested'),
  environment: z.string().min(1),
  deployment_callback_url: z.url(),
  deployment: z.object({ id: z.number(), sha: z.string(), ref: z.string().optional() }).optional(),
  repository: z.object({
    name: z.string(),
    full_name: z.string(),
    custom_properties: z.record(z.string(), z.unknown()).optional(),
  }),
  installation: z.object({ id: z.number() }),
  sender: z.object({ login: z.string() }).optional(),
});
export type ProtectionRuleRequested = z.infer<typeof protectionRuleRequested>;

/** A job that waits for us; plain data, so that it outlives this process. */
export interface WaitingDeployment {
  readonly callbackUrl: string;
  readonly environment: string;
  readonly installationId: number;
  readonly question: DecisionRequest;
  readonly sinceMs: number;
  /** The last comment, and how many there were: the same news is not told twice. */
  readonly told: string | null;
  readonly toldCount: number;
}

/** A review that GitHub takes; without `state` it is a status report, and the job goes on waiting. */
export interface Review {
  readonly environment_name: string;
  readonly state?: 'approved' | 'rejected';
  readonly comment: string;
}

/** What to tell GitHub now, if anything, and when to ask the gate again; null when this was the last word. */
export interface Step {
  readonly review: Review | null;
  readonly againInMs: number | null;
  /** As it waits on once GitHub has taken the review. */
  readonly next: WaitingDeployment;
}

const SERVICE_PROPERTY = 'plumbline-service';
/** A hold has an end: a job that waits for ever is an outage of the pipeline that nobody sees. */
export const HOLD_MS_MAX = 1_800_000;
/** GitHub takes ten status reports of 1,024 characters. */
const REPORTS_MAX = 10;
const COMMENT_LENGTH_MAX = 1_024;
const RETRY_MS = 30_000;

/** The custom property `plumbline-service` of a repository says which service it is, else its name does. */
export function waitingDeployment(asked: ProtectionRuleRequested, sinceMs: number): WaitingDeployment {
  const { repository, environment, deployment, sender, installation } = asked;
  const property = repository.custom_properties?.[SERVICE_PROPERTY];
  const target = {
    service: typeof property === 'string' && property !== '' ? property : repository.name,
    env: environment,
    'github.repository': repository.full_name,
  };
  return {
    callbackUrl: asked.deployment_callback_url,
    environment,
    installationId: installation.id,
    question: {
      actor: { id: `github-actions/${repository.full_name}`, type: 'deployer' },
      action: {
        kind: 'rollout.start',
        stage: 'deployment',
        ...(deployment === undefined ? {} : { to: { sha: deployment.sha, by: sender?.login ?? 'unknown' } }),
        planGeneration:
          deployment === undefined ? undefined : `${repository.full_name}@${deployment.sha}#${deployment.id}`,
      },
      target,
    },
    sinceMs,
    told: null,
    toldCount: 0,
  };
}

function comment(text: string): string {
  return text.length > COMMENT_LENGTH_MAX ? `${text.slice(0, COMMENT_LENGTH_MAX - 1)}…` : text;
}

/**
 * One answer of the gate, or the reason why there is none, as GitHub is told it. Nothing but an allow approves; what
 * is held, or cannot be judged, waits and is asked again until half an hour is over, and is then rejected.
 */
export function stepOf(
  waiting: WaitingDeployment,
  answer: Decision | { readonly problem: string },
  nowMs: number,
): Step {
  const environment_name = waiting.environment;
  const last = (state: 'approved' | 'rejected', text: string): Step => ({
    review: { environment_name, state, comment: comment(text) },
    againInMs: null,
    next: waiting,
  });
  const decision = 'problem' in answer ? null : answer;
  const line =
    decision === null ? `hold: ${(answer as { problem: string }).problem}` : decisionLine(decision);
  const text =
    decision === null ? `Plumbline ${line}` : `Plumbline ${line} (decision \`${decision.decisionId}\`)`;
  if (decision?.decision === 'allow') return last('approved', text);
  if (decision?.decision === 'deny') return last('rejected', text);
  if (nowMs - waiting.sinceMs >= HOLD_MS_MAX) {
    return last('rejected', `${text} Held for ${HOLD_MS_MAX / 60_000} minutes: start the job again.`);
  }
  const isNews = line !== waiting.told && waiting.toldCount < REPORTS_MAX;
  return {
    review: isNews ? { environment_name, comment: comment(text) } : null,
    againInMs: decision?.retryAfterS == null ? RETRY_MS : 1_000 * decision.retryAfterS,
    next: isNews ? { ...waiting, told: line, toldCount: waiting.toldCount + 1 } : waiting,
  };
}
