import { z } from 'zod';
import { FINDING_KINDS, type Finding } from '../../core/finding.ts';
import { rfc3339 } from '../../core/time.ts';
import { findingActJson } from './finding-act-json.ts';
import { numberJson, toNumberJson } from './number-json.ts';
import { timeJson, toTimeJson } from './time-json.ts';
import { reasonJson } from './verdict-json.ts';

export const FINDING_STATES = ['suspect', 'confirmed', 'closed', 'cannot-say'] as const;

export const findingJson = z
  .strictObject({
    id: z.string(),
    kind: z.enum(FINDING_KINDS),
    subject: z.string(),
    culprit: z.string().nullable(),
    state: z.enum(FINDING_STATES),
    onsetAt: timeJson,
    detectedAt: timeJson,
    closedAt: timeJson.nullable(),
    effect: z.strictObject({
      metric: z.string(),
      ratio: numberJson,
      lower: numberJson,
      upper: numberJson,
      atEqualLoad: z.boolean(),
    }),
    confidence: z.number(),
    reasons: z.array(reasonJson),
    evidence: z.record(z.string(), z.unknown()),
    decisions: z.array(z.string()).describe('Ids of gate decisions that belong to the finding.'),
    acts: z.array(findingActJson).optional().describe('What people did about it, the oldest first.'),
    silencedBy: findingActJson
      .nullable()
      .optional()
      .describe('The acknowledgement or snooze by which nobody is told of it now.'),
  })
  .meta({ id: 'Finding', description: 'What a detector says about the system.' });

export function toFindingJson(finding: Finding): z.infer<typeof findingJson> {
  const { effect, reasons, evidence, decisions } = finding;
  return {
    id: finding.id,
    kind: finding.kind,
    subject: finding.subject,
    culprit: finding.culprit,
    state: finding.state,
    onsetAt: rfc3339(finding.onsetAtMs),
    detectedAt: rfc3339(finding.detectedAtMs),
    closedAt: toTimeJson(finding.closedAtMs),
    effect: {
      metric: effect.metric,
      ratio: toNumberJson(effect.ratio),
      lower: toNumberJson(effect.lower),
      upper: toNumberJson(effect.upper),
      atEqualLoad: effect.atEqualLoad,
    },
    confidence: finding.confidence,
    reasons: reasons.map(({ code, text }) => ({ code, text })),
    evidence: { ...evidence },
    decisions: [...decisions],
  };
}
