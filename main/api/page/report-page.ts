import type { Report } from '../../../core/report.ts';
import { document } from './document.ts';
import { html } from './html.ts';
import { stateMark } from './state-mark.ts';

/** One report for a browser; its Markdown stands as it was written, which reads well and cannot be misread. */
export function reportPage(report: Report): string {
  const { headline, state, openedAt, updatedAt, markdown } = report;
  return document({
    title: headline,
    header: html`<h1><a href="/">Plumbline</a></h1>${stateMark(state)}<span class="dim">opened ${openedAt}, updated ${updatedAt}</span>`,
    main: html`<pre class="report">${markdown}</pre>`,
    refreshes: true,
  });
}
