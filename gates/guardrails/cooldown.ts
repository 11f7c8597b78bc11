import { rfc3339 } from '../../core/time.ts';
import { isAbout } from '../fail-modes.ts';
import { NO_OBJECTION, objection, type Vote } from '../vote.ts';
import { type Asked, newestFirst, spanText, unlessKnown } from './asked.ts';

/** After one kind of action others wait: what came first must have shown its effect. */
export function cooldowns(asked: Asked): Vote[] {
  const { question, set } = asked;
  return set.guardrails.cooldown
    .filter(({ blocks }) => isAbout(blocks, question))
    .map((row) => cooldown(asked, row));
}

function cooldown(asked: Asked, { after, for: forMs }: { after: string; for: number }): Vote {
  const { question, set, nowMs } = asked;
  const constraint = `${set.metadata.name}/guardrails.cooldown`;
  const sinceMs = nowMs - forMs;
  let others: readonly string[] = [];
  for (const action of newestFirst(asked, sinceMs)) {
    // Of the same kind as the one after it, which was another. Nearly all are.
    if (action.names === others) continue;
    others = action.names;
    if (!isAbout([after], action)) continue;
    const untilMs = action.atMs + forMs;
    return objection(
      'hold',
      {
        code: 'COOLDOWN',
        text: `${question.kind} waits ${spanText(forMs)} after ${after}: ${action.kind} was allowed to ${action.actorId} at ${rfc3339(action.atMs)} (${action.decisionId}).`,
        constraint,
        sinceMs: action.atMs,
        decisionId: action.decisionId,
        wouldAllowIf: `it is asked after ${rfc3339(untilMs)}, and no ${after} is allowed until then`,
        untilMs,
      },
      nowMs,
    );
  }
  return unlessKnown(asked, { sinceMs, constraint }) ?? NO_OBJECTION;
}
