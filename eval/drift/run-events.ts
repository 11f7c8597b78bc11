import { z } from 'zod';
import type { RecordedAction, RecordedChange, RecordedDecision } from '../../core/system-history.ts';

/** Lines of actions.jsonl, gates.jsonl and changes.jsonl; a field that is not named here is not looked at. */
export const actionLine = z
  .object({
    minute: z.number(),
    actor: z.string(),
    service: z.string(),
    action: z.string(),
    to: z.unknown().optional(),
    gate_id: z.string().nullish(),
  })
  .transform(
    ({ minute, actor, service, action, to, gate_id }): RecordedAction => ({
      minute,
      actor,
      service,
      kind: action,
      to: typeof to === 'number' ? to : null,
      decisionId: gate_id ?? null,
    }),
  );

export const decisionLine = z
  .object({
    minute: z.number(),
    gate_id: z.string(),
    actor: z.string(),
    service: z.string(),
    action: z.string(),
    verdict: z.enum(['allow', 'deny', 'hold']),
  })
  .transform(
    ({ minute, gate_id, actor, service, action, verdict }): RecordedDecision => ({
      minute,
      id: gate_id,
      actor,
      service,
      kind: action,
      outcome: verdict,
    }),
  );

export const changeLine = z
  .object({ minute: z.number(), service: z.string(), summary: z.string(), expect: z.string().nullish() })
  .transform(
    ({ minute, service, summary, expect }): RecordedChange => ({
      minute,
      service,
      summary,
      expects: expect ?? null,
    }),
  );
