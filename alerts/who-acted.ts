import type { Finding } from '../core/finding.ts';
import type { DecisionRow } from '../store/decisions.ts';
import { KIND_TEXT } from './kind-text.ts';
import { codeText, markdownText } from './safe-text.ts';
import { textsOf } from './texts-of.ts';
import { timeText } from './time-text.ts';

const IDS_MAX = 5;

/** Actors that belong to a finding: as the detector says; an older one named only a culprit. */
export function actorsOf({ culprit, evidence }: Pick<Finding, 'culprit' | 'evidence'>): string[] {
  if (Array.isArray(evidence['actors'])) return textsOf(evidence['actors']);
  return culprit === null ? [] : [culprit];
}

/** Who acted, a line each, and with which decisions of the gate. */
export function whoActed(finding: Finding, decisions: readonly DecisionRow[]): string[] {
  const actors = actorsOf(finding);
  const { culprit, kind } = finding;
  const own = decisions.filter(({ response }) => finding.decisions.includes(response.decisionId));
  const lines = actors.map((actor) => {
    const said = decisionsText(own.filter(({ request }) => request.actor.id === actor));
    return `${markdownText(actor)}: ${KIND_TEXT[kind].acted}${said}`;
  });
  const loop = culprit === null || actors.includes(culprit) ? [] : [`driven by ${markdownText(culprit)}`];
  if (lines.length + loop.length + finding.decisions.length === 0) return [];
  return [...lines, ...loop, idsText(finding.decisions)];
}

/** `; the gate said allow 2 times, last at … (d_2)`. */
function decisionsText(decisions: readonly DecisionRow[]): string {
  if (decisions.length === 0) return '';
  const newest = decisions.reduce((a, b) => (b.decidedAtMs > a.decidedAtMs ? b : a));
  const counts = [...Map.groupBy(decisions, ({ response }) => response.decision)];
  const said = counts.map(([outcome, rows]) => `${outcome} ${rows.length} times`).join(', ');
  const last = `last at ${timeText(newest.decidedAtMs)}: \`${codeText(newest.response.decisionId)}\``;
  return `; the gate said ${said}, ${last}`;
}

function idsText(ids: readonly string[]): string {
  if (ids.length === 0) return 'no decision of the gate is known that belongs to it';
  const shown = ids.slice(-IDS_MAX).map((id) => `\`${codeText(id)}\``);
  const rest = ids.length - shown.length;
  return `decisions that belong to it: ${shown.join(', ')}${rest > 0 ? ` and ${rest} before` : ''}`;
}
