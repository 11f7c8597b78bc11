import type { DecisionRow } from '../../../store/decisions.ts';
import { age } from './age.ts';
import { type Html, html } from './html.ts';
import { stateMark } from './state-mark.ts';

/** The last decisions of the gate, newest first. */
export function decisionsSection(decisions: readonly DecisionRow[], nowMs: number): Html {
  if (decisions.length === 0) {
    return html`<section><h2>Decisions</h2><p class="dim">Nobody has asked the gate yet.</p></section>`;
  }
  return html`<section><h2>Decisions</h2>
<table><thead><tr><th>Decision</th><th>Action</th><th>Target</th><th>Actor</th><th>Why</th><th>When</th></tr></thead>
<tbody>${decisions.map((decision) => row(decision, nowMs))}</tbody></table></section>`;
}

function row({ decidedAtMs, mode, request, response }: DecisionRow, nowMs: number): Html {
  const { action, actor, target } = request;
  const href = `/api/v1/decisions/${encodeURIComponent(response.decisionId)}`;
  return html`<tr><td data-label="Decision">${stateMark(response.decision)}</td>
<td data-label="Action"><span><a href="${href}">${action.kind}</a> <span class="dim">${change(action.from, action.to)}${mode === 'shadow' ? ' (shadow)' : ''}</span></span></td>
<td data-label="Target"><span>${Object.values(target).join(' ')}</span></td>
<td data-label="Actor"><span>${actor.id}</span></td>
<td data-label="Why"><span class="why">${response.reasons[0]?.text ?? ''}</span></td>
<td data-label="When">${age(decidedAtMs, nowMs)}</td></tr>
`;
}

/** `replicas 4 to 3`, for what is named on both sides. */
function change(
  from: Readonly<Record<string, unknown>> | undefined,
  to: Readonly<Record<string, unknown>> | undefined,
): string {
  const parts = Object.entries(to ?? {}).map(([name, value]) => {
    const before = from?.[name];
    return before === undefined ? `${name} ${plain(value)}` : `${name} ${plain(before)} to ${plain(value)}`;
  });
  return parts.join(', ');
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
