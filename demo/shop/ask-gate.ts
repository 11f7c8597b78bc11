import type { DecisionRequest } from '../../core/decision.ts';
import type { Asked } from '../messages.ts';

const ANSWER_MS_MAX = 2_000;

/** Asks the gate before the number of checkout's replicas is changed; never throws. */
export async function askGate(question: {
  apiUrl: string;
  key: string | null;
  action: Asked['action'];
  from: number;
  to: number;
}): Promise<Pick<Asked, 'answer' | 'reasons' | 'failMode'>> {
  const { apiUrl, key, action, from, to } = question;
  const request: DecisionRequest = {
    actor: { id: 'autoscaler/checkout', type: 'autoscaler' },
    action: { kind: action, stage: 'scaling', from: { replicas: from }, to: { replicas: to } },
    target: { service: 'checkout', env: 'demo' },
  };
  try {
    const response = await fetch(new URL('/api/v1/decisions', apiUrl), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const body = (await response.json()) as {
      decision?: Asked['answer'];
      reasons?: { text: string }[];
      failMode?: string | null;
      detail?: string;
    };
    if (!response.ok || body.decision === undefined) {
      return {
        answer: 'unreachable',
        reasons: [body.detail ?? `the gate answered ${response.status}`],
        failMode: null,
      };
    }
    return {
      answer: body.decision,
      reasons: (body.reasons ?? []).map(({ text }) => text),
      failMode: body.failMode ?? null,
    };
  } catch (error) {
    return { answer: 'unreachable', reasons: [(error as Error).message], failMode: null };
  }
}
