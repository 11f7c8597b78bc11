import { createPrivateKey } from 'node:crypto';
import type { DecisionRequest } from '../../core/decision.ts';
import { type DecisionBody, decide } from '../../gates/decide.ts';
import { parseDecisionRequest } from '../../gates/decision-request.ts';
import { signingKeyOf } from '../../gates/receipts/signing-key.ts';
import { RecentDecisions } from '../../gates/recent-actions.ts';
import { approve } from '../../gates/stages/approval.ts';
import { givenWorld } from '../../gates/trials/given-world.ts';
import { NOW_MS } from '../gates/judged-world.ts';
import type { Action, Ask, IncidentCase, Known } from './read-incident.ts';

/** Of the second person in all files; nobody's key but that of this pack. */
const ALICE = signingKeyOf(
  createPrivateKey(
    `-----BEGIN PRIVATE KEY-----\n${Buffer.concat([
      Buffer.from('302e020100300506032b657004220420', 'hex'),
      Buffer.alloc(32, 7),
    ]).toString('base64')}\n-----END PRIVATE KEY-----\n`,
  ),
);

const iso = (timeMs: number) => new Date(timeMs).toISOString();

function sizeOf(size: Action['to']): Readonly<Record<string, unknown>> | undefined {
  return typeof size === 'number' ? { replicas: size } : size;
}

/** As an actor writes it, before it is parsed. */
export function requestBody(
  service: string,
  asked: Omit<Action, 'agoS'>,
  { saw, approvedBy, nowMs }: { saw: Known['saw']; approvedBy?: string | undefined; nowMs: number },
): DecisionRequest {
  const { actor, kind, stage, from, to, blastRadius, planGeneration } = asked;
  const seen = Object.entries({ ...saw, ...asked.saw });
  const request = {
    actor: { id: actor },
    action: { kind, stage, from: sizeOf(from), to: sizeOf(to), blastRadius, planGeneration },
    target: { service },
    inputs: seen.map(([signal, value]) => ({ signal, value, observedAt: iso(nowMs - 5_000) })),
  };
  if (approvedBy === undefined) return request;
  const of = { by: approvedBy, keyId: approvedBy, key: ALICE, expiresAt: iso(nowMs + 60_000) };
  return { ...request, approval: approve(parseDecisionRequest(request), of) };
}

/** What the twin asks: the same, but for what was wrong with the request itself. */
export function askOfTwin({ twin = {}, ...ask }: Ask): Ask {
  return { ...ask, ...(Object.fromEntries(Object.entries(twin)) as Partial<Ask>) };
}

function worldOf(
  { set }: IncidentCase,
  known: Known,
  nowMs: number,
): Omit<Parameters<typeof decide>[0], 'request' | 'sets'> {
  const { given, health, effect, use } = known;
  return {
    ...givenWorld(set, { ...given, now: iso(nowMs) }),
    health: { known: 40, unhealthy: 1, ...health, examples: ['mail', 'search'], atMs: nowMs },
    effects: { effectOf: () => effect ?? null },
    use: {
      find: (asked) =>
        use === undefined
          ? null
          : {
              asked,
              requests: use.requests,
              lastUsedAtMs: use.requests > 0 ? nowMs - 60_000 : null,
              coveredRatio: 1,
              incompleteRatio: 0,
              readAtMs: nowMs - 1_000,
            },
    },
  };
}

/** Everything that was allowed before, asked for at its time in a world in which all is well. */
function earlierActions(incident: IncidentCase, { earlier }: Known): RecentDecisions {
  const recent = new RecentDecisions();
  for (const [index, action] of earlier.entries()) {
    const nowMs = NOW_MS - 1_000 * action.agoS;
    recent.markRead({ sinceMs: 0, nowMs });
    const request = parseDecisionRequest(requestBody(incident.set.scope.service, action, { saw: {}, nowMs }));
    const healthy = { given: {}, earlier: [], saw: {} };
    const { decision, reasons } = decide({
      request,
      sets: [incident.set],
      ...worldOf(incident, healthy, nowMs),
      recent,
    });
    if (decision !== 'allow')
      throw new Error(`${incident.name}: ${action.kind} before was ${decision}: ${JSON.stringify(reasons)}`);
    recent.take({ decisionId: `d_${index}`, decidedAtMs: nowMs, request, decision });
  }
  recent.markRead({ sinceMs: 0, nowMs: NOW_MS });
  return recent;
}

/** What the gate answers to each request, in order, by what was known then. */
export function replayIncident(incident: IncidentCase, of: 'incident' | 'twin'): DecisionBody[] {
  const known = incident[of];
  const recent = earlierActions(incident, known);
  const { saw, approvedBy } = known;
  return incident.asks.map((ask, index) => {
    const nowMs = NOW_MS + 1_000 * index;
    const asked = of === 'twin' ? askOfTwin(ask) : ask;
    const body = requestBody(incident.set.scope.service, asked, { saw, approvedBy, nowMs });
    const request = parseDecisionRequest(body);
    const decided = decide({ request, sets: [incident.set], ...worldOf(incident, known, nowMs), recent });
    recent.take({ decisionId: `d_ask_${index}`, decidedAtMs: nowMs, request, decision: decided.decision });
    return decided;
  });
}
