import type { DecisionRow } from '../store/decisions.ts';
import { codeText, markdownText } from './safe-text.ts';
import { timeText } from './time-text.ts';

const LINES_MAX = 5;

/** What the gate answered about the subject lately, newest first, a line each. */
export function decisionLines(decisions: readonly DecisionRow[]): string[] {
  const newest = [...decisions].sort((a, b) => b.decidedAtMs - a.decidedAtMs);
  const lines = newest.slice(0, LINES_MAX).map(({ decidedAtMs, mode, request, response }) => {
    const shadow = mode === 'shadow' ? ' (shadow)' : '';
    const who = `${markdownText(request.action.kind)} by ${markdownText(request.actor.id)}`;
    return `${timeText(decidedAtMs)} **${response.decision}**${shadow}: ${who} (\`${codeText(response.decisionId)}\`)`;
  });
  const rest = newest.length - lines.length;
  return rest > 0 ? [...lines, `and ${rest} more`] : lines;
}
