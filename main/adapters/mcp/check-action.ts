import { z } from 'zod';
import { type DecisionRequest, STAGES } from '../../../core/decision.ts';
import { decisionJson, toDecisionJson } from '../../api/decision-json.ts';
import { askGate } from '../ask-gate.ts';
import { beyondLimits } from '../beyond-limits.ts';
import { decisionText } from './decision-text.ts';
import { mcpTool } from './mcp-tool.ts';

const text = z.string().min(1).max(512);
const sizes = z.record(z.string(), z.unknown());

const action = z.strictObject({
  service: text.describe('service.name of what is acted on.'),
  kind: text.describe('Such as scale.down, scale.up, rollout.start, rollback, restart.one, drain, delete.'),
  actor: text.describe('Who is going to act, such as agent/holmes.'),
  from: sizes.optional().describe('Size now, such as {"replicas": 6}.'),
  to: sizes.optional().describe('Size wanted, such as {"replicas": 4}.'),
  stage: z.enum(STAGES).optional().describe('Lifecycle stage; follows from the kind when left out.'),
  namespace: text.optional(),
  env: text.optional(),
  region: text.optional(),
  target: z.record(z.string(), text).optional().describe('Further parts of the target.'),
  planGeneration: text.optional().describe('Version of the plan that the answer is for.'),
  objective: text.optional().describe('What the action is good for.'),
  blastRadius: sizes.optional().describe('Such as {"unit": "replicas", "count": 2, "of": 6}.'),
});

const answer = z.strictObject({
  ...decisionJson.shape,
  asAsked: z.boolean().describe('True: allowed, and what was asked is inside the limits.'),
});

function questionOf(asked: z.output<typeof action>, mode: 'enforce' | 'shadow'): DecisionRequest {
  const { service, actor, namespace, env, region, target, ...what } = asked;
  const parts = Object.entries({ ...target, namespace, env, region, service });
  return {
    mode,
    actor: { id: actor, type: 'agent' },
    action: what,
    target: Object.fromEntries(parts.filter(([, value]) => value !== undefined)) as Record<string, string>,
  };
}

function asking(mode: 'enforce' | 'shadow', words: { name: string; title: string; description: string }) {
  return mcpTool({
    ...words,
    input: action,
    output: answer,
    run: async (asked, { gate, now }) => {
      const question = questionOf(asked, mode);
      const decision = await askGate(gate, question);
      const asAsked = decision.decision === 'allow' && beyondLimits(question, decision) === null;
      return {
        text: decisionText(decision, question, now()),
        answer: { ...toDecisionJson(decision), asAsked },
      };
    },
  });
}

export const checkAction = asking('enforce', {
  name: 'check_action',
  title: 'May this be done now?',
  description:
    'Ask before every action on a running system, right before doing it. allow: do it before validUntil, inside limits. hold: leave everything as it is and ask again after retryAfterS. deny: do not do it. An error is no permission. Each question is recorded, and an allowed one counts against the budget of changes.',
});

export const whatWouldAllow = asking('shadow', {
  name: 'what_would_allow',
  title: 'What would have to be true?',
  description:
    'Ask without consequence whether an action would be allowed and, if not, what would have to change (wouldAllowIf). It permits nothing: before acting, ask check_action.',
});
