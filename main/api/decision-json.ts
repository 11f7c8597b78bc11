import { z } from 'zod';
import type { Decision } from '../../core/decision.ts';
import { rfc3339 } from '../../core/time.ts';
import type { DecisionRow } from '../../store/decisions.ts';
import type { OutcomeRow } from '../../store/outcomes.ts';
import { numberJson, toNumberJson } from './number-json.ts';
import { timeJson } from './time-json.ts';
import { OUTCOMES } from './verdict-json.ts';

const facts = z.record(z.string(), z.unknown());

const componentJson = z.strictObject({
  source: z.string(),
  dimension: z.string(),
  state: z.enum(OUTCOMES),
  estimate: numberJson,
  lower: numberJson,
  upper: numberJson,
  required: z.string(),
  validUntil: timeJson.nullable(),
});

const decisionReasonJson = z.strictObject({
  code: z.string(),
  text: z.string(),
  constraint: z.string().describe('constraint-set/id that was not met, or built-in.'),
  severity: z.enum(['blocking', 'info']),
  since: timeJson.nullable(),
  evidence: z.string().nullable(),
});

const decisionFields = {
  decision: z.enum(['allow', 'deny', 'hold']),
  decisionId: z.string(),
  seq: z.number(),
  validUntil: timeJson,
  retryAfterS: z.number().nullable(),
  data: z.strictObject({
    state: z.enum(OUTCOMES),
    confidence: numberJson,
    components: z.array(componentJson),
  }),
  reasons: z.array(decisionReasonJson),
  limits: facts,
  wouldAllowIf: z.array(z.string()),
  failMode: z.string().nullable(),
  constraintSet: z.string(),
  prevHash: z.string(),
  receipt: z
    .string()
    .nullable()
    .describe('Compact JWS, given once with the answer; null in records and in shadow mode.'),
};

export const decisionJson = z.strictObject(decisionFields).meta({
  id: 'Decision',
  description:
    'allow: act now, inside limits, before validUntil. deny: do not retry unchanged. hold: ask again.',
});

const recordedFields = {
  ...decisionFields,
  decidedAt: timeJson,
  mode: z.enum(['enforce', 'shadow']),
  request: z.unknown().describe('As it was asked.'),
  hash: z.string().describe('Of this line of the ledger; prevHash is the one before.'),
};

export const recordedDecisionJson = z
  .strictObject(recordedFields)
  .meta({ id: 'RecordedDecision', description: 'A decision as the ledger has it.' });

const result = z.enum(['good', 'bad', 'unknown']);

/** What is told about a decision. */
export const outcomeAsked = z.strictObject({
  acted: z.boolean().describe('Whether the action was done, whatever the decision was.'),
  result: result.describe('How it turned out: the action, or leaving it.'),
  note: z.string().max(2_000).optional(),
  by: z.string().trim().min(1).max(200).describe('Who says so.'),
});

export const outcomeJson = z
  .strictObject({
    acted: z.boolean(),
    result,
    note: z.string().nullable(),
    by: z.string(),
    recordedAt: timeJson,
    seq: z.number().describe('Of its own line of the ledger.'),
    hash: z.string(),
  })
  .meta({ id: 'Outcome', description: 'How a decision turned out; the newest of one decision counts.' });

export const decisionWithOutcomesJson = z
  .strictObject({
    ...recordedFields,
    outcomes: z.array(outcomeJson).describe('Oldest first; the last one counts.'),
  })
  .meta({
    id: 'DecisionWithOutcomes',
    description: 'A decision as the ledger has it, and how it turned out.',
  });

export function toOutcomeJson({ outcome, recordedAtMs, seq, hash }: OutcomeRow): z.infer<typeof outcomeJson> {
  const { acted, result, note, by } = outcome;
  return { acted, result, note, by, recordedAt: rfc3339(recordedAtMs), seq, hash };
}

export function toDecisionJson(decision: Decision): z.infer<typeof decisionJson> {
  const { data } = decision;
  return {
    decision: decision.decision,
    decisionId: decision.decisionId,
    seq: decision.seq,
    validUntil: decision.validUntil,
    retryAfterS: decision.retryAfterS,
    data: {
      state: data.state,
      confidence: toNumberJson(data.confidence),
      components: data.components.map((component) => ({
        source: component.source,
        dimension: component.dimension,
        state: component.state,
        estimate: toNumberJson(component.estimate),
        lower: toNumberJson(component.lower),
        upper: toNumberJson(component.upper),
        required: component.required,
        validUntil: component.validUntil,
      })),
    },
    reasons: decision.reasons.map(({ code, text, constraint, severity, since, evidence }) => {
      return { code, text, constraint, severity, since, evidence };
    }),
    limits: { ...decision.limits },
    wouldAllowIf: [...decision.wouldAllowIf],
    failMode: decision.failMode,
    constraintSet: decision.constraintSet,
    prevHash: decision.prevHash,
    receipt: decision.receipt,
  };
}

export function toRecordedDecisionJson(row: DecisionRow): z.infer<typeof recordedDecisionJson> {
  return {
    ...toDecisionJson(row.response),
    decidedAt: rfc3339(row.decidedAtMs),
    mode: row.mode,
    request: row.request,
    hash: row.hash,
  };
}
