import type { Report } from '../../../core/report.ts';
import { age } from './age.ts';
import { type Html, html } from './html.ts';
import { stateMark } from './state-mark.ts';

export function reportsSection(reports: readonly Report[], nowMs: number): Html {
  if (reports.length === 0) {
    return html`<section><h2>Reports</h2><p class="dim">Nothing to report.</p></section>`;
  }
  return html`<section><h2>Reports</h2>
<table><thead><tr><th>State</th><th>Report</th><th>Updated</th></tr></thead>
<tbody>${reports.map(
    ({ id, state, headline, updatedAt }) => html`<tr><td data-label="State">${stateMark(state)}</td>
<td data-label="Report"><a href="/api/v1/reports/${encodeURIComponent(id)}">${headline}</a></td>
<td data-label="Updated">${age(Date.parse(updatedAt), nowMs)}</td></tr>
`,
  )}</tbody></table></section>`;
}
