import { z } from 'zod';
import { readOutcomes } from '../../../store/outcomes.ts';
import {
  decisionWithOutcomesJson,
  outcomeAsked,
  outcomeJson,
  toOutcomeJson,
  toRecordedDecisionJson,
} from '../../api/decision-json.ts';
import { knownDecision } from '../../api/known-decision.ts';
import { decisionText } from './decision-text.ts';
import { mcpTool } from './mcp-tool.ts';

const decisionId = z.string().min(1).max(200).describe('As check_action gave it: d_…');

export const explainDecision = mcpTool({
  name: 'explain_decision',
  title: 'Why was it decided so?',
  description:
    'A decision as the ledger has it: who asked what, the answer, its reasons and the data behind them, and how it turned out. A new one takes up to two seconds to be found.',
  input: z.strictObject({ decisionId }),
  output: z.strictObject(decisionWithOutcomesJson.shape),
  run: async (asked, { client }) => {
    const [decision, outcomes] = await Promise.all([
      knownDecision(client, asked.decisionId),
      readOutcomes(client, asked.decisionId),
    ]);
    const { request, decidedAtMs, response } = decision;
    const answer = { ...toRecordedDecisionJson(decision), outcomes: outcomes.map(toOutcomeJson) };
    const what = `${request.actor.id} asked for ${request.action.kind} of ${JSON.stringify(request.target)} at ${answer.decidedAt}.`;
    const last = outcomes.at(-1)?.outcome;
    const turned =
      last === undefined ? '' : ` It turned out ${last.result}${last.acted ? '' : ' (not acted on)'}.`;
    return { text: `${what} ${decisionText(response, request, decidedAtMs)}${turned}`, answer };
  },
});

export const recordOutcome = mcpTool({
  name: 'record_outcome',
  title: 'How did it turn out?',
  description:
    'Say how a decision turned out: whether it was acted on, and whether that (or leaving it) was good. It becomes a line of the ledger; the newest one counts. It changes no constraint.',
  input: z.strictObject({ decisionId, ...outcomeAsked.shape }),
  output: z.strictObject({ decisionId: z.string(), ...outcomeJson.shape }),
  records: true,
  run: async ({ decisionId: id, acted, result, note = null, by }, { client, gate }) => {
    await knownDecision(client, id);
    const row = await gate.recordOutcome({ decisionId: id, acted, result, note, by });
    return {
      text: `Recorded: ${id} turned out ${result}.`,
      answer: { decisionId: id, ...toOutcomeJson(row) },
    };
  },
});
