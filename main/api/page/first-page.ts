import type { Finding } from '../../../core/finding.ts';
import type { Report } from '../../../core/report.ts';
import { rfc3339 } from '../../../core/time.ts';
import type { DecisionRow } from '../../../store/decisions.ts';
import { isOwn, type JudgedSource } from '../judged-source.ts';
import { decisionsSection } from './decisions-section.ts';
import { document } from './document.ts';
import { findingsSection } from './findings-section.ts';
import { firstSteps } from './first-steps.ts';
import { html } from './html.ts';
import { reportsSection } from './reports-section.ts';
import { sourcesSection } from './sources-section.ts';

/** What the first page shows; null instead of it when the store does not answer. */
export interface FirstPageContent {
  readonly sources: readonly JudgedSource[];
  readonly decisions: readonly DecisionRow[];
  readonly findings: readonly Finding[];
  readonly reports: readonly Report[];
}

export function firstPage(page: {
  content: FirstPageContent | { readonly problem: string };
  at: { otlpHttpUrl: string; otlpGrpcUrl: string; needsKey: boolean };
  nowMs: number;
}): string {
  const { content, at, nowMs } = page;
  const header = html`<h1>Plumbline</h1><span class="dim">verified telemetry, gates and reports for systems that steer themselves</span>`;
  const time = html`<p class="dim">As of <time datetime="${rfc3339(nowMs)}">${rfc3339(nowMs).slice(0, 19).replace('T', ' ')}</time> UTC</p>`;
  if ('problem' in content) {
    const main = html`${time}<p class="banner" role="alert">Nothing can be said now: ${content.problem}</p>`;
    return document({ title: 'Plumbline: cannot say', header, main, refreshes: true });
  }
  const { sources, decisions, findings, reports } = content;
  const main = html`${time}
${sources.every(isOwn) ? firstSteps(at) : null}
${sources.length === 0 ? null : sourcesSection(sources, nowMs)}
${reportsSection(reports, nowMs)}
${decisionsSection(decisions, nowMs)}
${findingsSection(findings, nowMs)}`;
  return document({ title: title(sources), header, main, refreshes: true });
}

/** The tab says it too. */
function title(sources: readonly JudgedSource[]): string {
  const count = (outcome: JudgedSource['outcome']): number =>
    sources.filter((source) => source.outcome === outcome).length;
  if (sources.every(isOwn)) return 'Plumbline: no data yet';
  return `Plumbline: ${count('fail')} fail, ${count('unknown')} unknown, ${count('pass')} pass`;
}
