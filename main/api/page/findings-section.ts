import type { Finding } from '../../../core/finding.ts';
import { age } from './age.ts';
import { type Html, html } from './html.ts';
import { stateMark } from './state-mark.ts';

export function findingsSection(findings: readonly Finding[], nowMs: number): Html {
  if (findings.length === 0) {
    return html`<section><h2>Findings</h2><p class="dim">No detector has found anything.</p></section>`;
  }
  return html`<section><h2>Findings</h2>
<table><thead><tr><th>State</th><th>Kind</th><th>Subject</th><th>Effect</th><th>Why</th><th>Onset</th></tr></thead>
<tbody>${findings.map((finding) => row(finding, nowMs))}</tbody></table></section>`;
}

function row(finding: Finding, nowMs: number): Html {
  const { id, kind, subject, state, effect, reasons, onsetAtMs } = finding;
  return html`<tr><td data-label="State">${stateMark(state)}</td>
<td data-label="Kind"><a href="/api/v1/findings/${encodeURIComponent(id)}">${kind}</a></td>
<td data-label="Subject"><span class="name">${subject}</span></td>
<td data-label="Effect"><span class="number">${effectText(effect)}</span></td>
<td data-label="Why"><span class="why">${reasons[0]?.text ?? ''}</span></td>
<td data-label="Onset">${age(onsetAtMs, nowMs)}</td></tr>
`;
}

function effectText({ metric, ratio, lower, upper }: Finding['effect']): string {
  if (!Number.isFinite(ratio)) return `${metric}: size not known`;
  const number = (value: number): string => (Number.isFinite(value) ? value.toFixed(2) : '?');
  return `${metric} x ${number(ratio)} (${number(lower)} to ${number(upper)})`;
}
