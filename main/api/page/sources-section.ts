import { sourceLabel } from '../../../core/source.ts';
import { DIMENSIONS, type Dimension, type Verdict } from '../../../core/verdict.ts';
import { type JudgedSource, lastReceivedAtMs, outcomeNow } from '../judged-source.ts';
import { age } from './age.ts';
import { type Html, html } from './html.ts';
import { measure } from './measure.ts';
import { stateMark } from './state-mark.ts';

/** More rows than this nobody reads; the API lists all. */
const ROWS_MAX = 200;

/** Sources with their verdicts; expects them worst first. */
export function sourcesSection(sources: readonly JudgedSource[], nowMs: number): Html {
  const judged = new Set(sources.flatMap(({ verdicts }) => verdicts.map(({ dimension }) => dimension)));
  const dimensions = DIMENSIONS.filter((dimension) => judged.has(dimension));
  const left = sources.length - ROWS_MAX;
  return html`<section><h2>Sources</h2>
<table><caption>Worst first. A verdict past its time counts as unknown.</caption>
<thead><tr><th>Source</th><th>State</th>${dimensions.map((dimension) => html`<th>${dimension}</th>`)}<th>Last arrival</th></tr></thead>
<tbody>${sources.slice(0, ROWS_MAX).map((source) => row(source, dimensions, nowMs))}</tbody></table>
${left > 0 ? html`<p class="dim">and ${left} more: <a href="/api/v1/sources">/api/v1/sources</a></p>` : null}
</section>`;
}

function row(judged: JudgedSource, dimensions: readonly Dimension[], nowMs: number): Html {
  const { source, outcome, verdicts, activities } = judged;
  const lastMs = lastReceivedAtMs(judged);
  return html`<tr><td data-label="Source"><span><span class="name">${sourceLabel(source)}</span>${activities.length > 1 ? html`<span class="why">${activities.length} instances</span>` : null}</span></td>
<td data-label="State">${stateMark(outcome)}</td>
${dimensions.map((dimension) => {
  const verdict = verdicts.find((candidate) => candidate.dimension === dimension);
  return verdict === undefined
    ? html`<td data-label="${dimension}" class="none"><span class="dim">not judged</span></td>`
    : html`<td data-label="${dimension}">${cell(verdict, nowMs)}</td>`;
})}
<td data-label="Last arrival">${lastMs === null ? html`<span class="dim">none of late</span>` : age(lastMs, nowMs)}</td></tr>
`;
}

function cell(verdict: Verdict, nowMs: number): Html {
  const outcome = outcomeNow(verdict, nowMs);
  const expired = verdict.validUntilMs < nowMs;
  const why = expired ? 'the last verdict has expired' : verdict.reasons[0]?.text;
  return html`<span>${stateMark(outcome)} <span class="number">${measure(verdict)}</span>${
    outcome === 'pass' || why === undefined ? null : html`<span class="why" title="${why}">${why}</span>`
  }</span>`;
}
