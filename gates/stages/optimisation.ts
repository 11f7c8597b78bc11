import { rfc3339 } from '../../core/time.ts';
import type { Asked } from '../guardrails/asked.ts';
import { objection, type Vote } from '../vote.ts';
import { stageRule } from './stage-rule.ts';
import { isWithin, nextOpeningMs } from './weekly-window.ts';

/** Optimisation is never urgent: it is done while people watch. */
export function optimisation(asked: Asked): Vote[] {
  const { question, set, nowMs } = asked;
  const windows = stageRule(asked, 'optimisation')?.window;
  if (windows === undefined || windows.some((window) => isWithin(window, nowMs))) return [];
  const untilMs = Math.min(...windows.map((window) => nextOpeningMs(window, nowMs)));
  const text = windows.map((window) => window.text).join(' or ');
  const said = {
    code: 'OUTSIDE_WINDOW',
    text: `${question.kind} is done within ${text} only.`,
    constraint: `${set.metadata.name}/stages.optimisation.window`,
    wouldAllowIf: `it is asked within ${text}, next at ${rfc3339(untilMs)}`,
    untilMs,
  };
  return [objection('hold', said, nowMs)];
}
