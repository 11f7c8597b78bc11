import { matchGlob } from '../../core/glob.ts';
import { actionSize } from '../action-size.ts';
import { isSafeDirection, TAKES_BACK } from '../fail-modes.ts';
import { type Asked, newestFirst, percentText, unlessKnown } from '../guardrails/asked.ts';
import { RECENT_SPAN_MS } from '../recent-actions.ts';
import { objection, type Vote } from '../vote.ts';
import { stageRule } from './stage-rule.ts';

const ROUNDING = 1e-9;

/** As the caller sees it: `action.to: {inRotation, of}`. Null: not said, NaN: not to be read. */
function saidShare({ question }: Asked): number | null {
  const { inRotation, of } = question.request.action.to ?? {};
  if (inRotation === undefined) return null;
  const total = of ?? question.request.action.blastRadius?.['of'];
  const isRead = typeof inRotation === 'number' && typeof total === 'number' && total > 0;
  const share = isRead ? inRotation / total : Number.NaN;
  return share >= 0 && share <= 1 ? share : Number.NaN;
}

/** What was taken out since the last time that everything was given back, this action with it; null: not said. */
function withdrawnShare(asked: Asked): number | null {
  const { question, nowMs } = asked;
  const own = actionSize(question.request.action);
  if (own.count === null || own.of === null || own.of === 0) return null;
  let count = own.count;
  for (const action of newestFirst(asked, nowMs - RECENT_SPAN_MS)) {
    if (TAKES_BACK.some((glob) => matchGlob(glob, action.kind))) break;
    if (action.stages.includes('routing')) count += action.size.count ?? 0;
  }
  return Math.min(1, count / own.of);
}

/**
 * So much stays in rotation, whatever each edge, zone or balancer thinks of itself: withdrawals of all actors add up
 * until a `restore`. Both what is said and what was allowed must leave the floor.
 */
export function routing(asked: Asked): Vote[] {
  const { question, set, nowMs } = asked;
  const floor = stageRule(asked, 'routing')?.floor;
  if (floor === undefined || isSafeDirection(question.kind)) return [];
  const constraint = `${set.metadata.name}/stages.routing.floor`;
  const said = saidShare(asked);
  const withdrawn = withdrawnShare(asked);
  const left = [said, withdrawn === null ? null : 1 - withdrawn].filter((share) => share !== null);
  const wouldAllowIf = `at least ${percentText(floor)} stay in rotation, by action.to {inRotation, of}, or action.blastRadius {count, of}`;
  if (left.length === 0 || left.some(Number.isNaN)) {
    const text = `What stays in rotation of ${set.scope.service} after ${question.kind} is not said.`;
    return [objection('hold', { code: 'ROTATION_UNKNOWN', text, constraint, wouldAllowIf }, nowMs)];
  }
  const least = Math.min(...left);
  if (least >= floor - ROUNDING) {
    const unknown = unlessKnown(asked, { sinceMs: nowMs - RECENT_SPAN_MS, constraint });
    return unknown === null ? [] : [unknown];
  }
  const summed = said === null || least < said ? ', with what was withdrawn before and not restored' : '';
  const text = `${percentText(least)} of ${set.scope.service} would stay in rotation${summed}; at least ${percentText(floor)} must.`;
  return [objection('deny', { code: 'ROTATION_FLOOR', text, constraint, wouldAllowIf }, nowMs)];
}
