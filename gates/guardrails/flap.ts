import { rfc3339 } from '../../core/time.ts';
import { isAbout, isSafeDirection } from '../fail-modes.ts';
import type { RecentAction } from '../recent-actions.ts';
import { NO_OBJECTION, objection, type Vote } from '../vote.ts';
import { type Asked, newestFirst, spanText, unlessKnown, wereAsMany } from './asked.ts';

type Flap = Asked['set']['guardrails']['flap'][number];

/**
 * Back and forth, by one actor or by several that fight. The safe direction of the two is never held: it flaps no
 * more once the other one is, and nobody is left with too little.
 */
export function flaps(asked: Asked): Vote[] {
  const { question, set } = asked;
  return set.guardrails.flap
    .filter(({ opposite }) => isAbout(opposite, question))
    .map((row) => flap(asked, row));
}

function flap(asked: Asked, row: Flap): Vote {
  const { question, set, nowMs } = asked;
  const constraint = `${set.metadata.name}/guardrails.flap`;
  const sinceMs = nowMs - row.per;
  const turns = wereAsMany(asked, row.max + 1, sinceMs) ? newestTurns(asked, row, sinceMs) : [];
  const earliest = turns[row.max];
  if (earliest === undefined) return unlessKnown(asked, { sinceMs, constraint }) ?? NO_OBJECTION;
  const untilMs = earliest.atMs + row.per;
  const actors = [...new Set(turns.map(({ actorId }) => actorId))].join(', ');
  return objection(
    isSafeDirection(question.kind) ? 'allow' : row.then,
    {
      code: 'FLAPPING',
      text: `${set.scope.service} went back and forth between ${row.opposite.join(' and ')} ${turns.length} times within ${spanText(row.per)}, this one counted (at most ${row.max}); it was moved by ${actors}.`,
      constraint,
      sinceMs: earliest.atMs,
      decisionId: (turns[0] as RecentAction).decisionId,
      wouldAllowIf: `it is asked after ${rfc3339(untilMs)}, and nobody turns it round until then`,
      untilMs,
    },
    nowMs,
  );
}

/** Where the direction turned, newest first: each of these is the action before the turn. */
function newestTurns(asked: Asked, { opposite, max }: Flap, sinceMs: number): RecentAction[] {
  const sideOf = (of: Pick<RecentAction, 'names'>) => opposite.findIndex((glob) => isAbout([glob], of));
  const turns: RecentAction[] = [];
  let { names } = asked.question;
  let later = sideOf(asked.question);
  for (const action of newestFirst(asked, sinceMs)) {
    // Of the same kind as the one after it: no turn. Nearly all are.
    if (action.names === names) continue;
    names = action.names;
    const side = sideOf(action);
    if (side < 0 || side === later) continue;
    turns.push(action);
    later = side;
    if (turns.length > max) break;
  }
  return turns;
}
