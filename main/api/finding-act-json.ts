import { z } from 'zod';
import { FEEDBACKS, FINDING_ACTS, type FindingAct } from '../../core/finding-act.ts';
import { rfc3339 } from '../../core/time.ts';
import { numberJson } from './number-json.ts';
import { timeJson, toTimeJson } from './time-json.ts';

export const findingActJson = z
  .strictObject({
    id: z.string(),
    findingId: z.string(),
    act: z.enum(FINDING_ACTS),
    at: timeJson,
    by: z.string(),
    reason: z.string(),
    until: timeJson.nullable().describe('End of a snooze.'),
    feedback: z.enum(FEEDBACKS).nullable(),
    effectSize: numberJson.describe('How far from normal the finding was then: 1 is twice or half of it.'),
  })
  .meta({ id: 'FindingAct', description: 'What a person did about a finding.' });

export function toFindingActJson(act: FindingAct): z.infer<typeof findingActJson> {
  return {
    id: act.id,
    findingId: act.findingId,
    act: act.act,
    at: rfc3339(act.atMs),
    by: act.by,
    reason: act.reason,
    until: toTimeJson(act.untilMs),
    feedback: act.feedback,
    effectSize: act.effectSize,
  };
}
