import type { Report } from '../core/report.ts';
import { rfc3339 } from '../core/time.ts';
import { byUrgency, type ToldNews } from '../core/told-news.ts';
import { reportId } from './report-id.ts';
import { markdownText, oneLine } from './safe-text.ts';
import { timeText } from './time-text.ts';

export function digestSubjectId(oncall: string, dueMs: number): string {
  return `digest:${encodeURIComponent(oncall)}:${rfc3339(dueMs)}`;
}

/** What a person was not told at once, in one message: every report of it, the most urgent first. Nothing stays open by it. */
export function digestReport(
  news: readonly ToldNews[],
  of: { readonly oncall: string; readonly dueMs: number },
): Report {
  const { oncall, dueMs } = of;
  const subjectId = digestSubjectId(oncall, dueMs);
  const id = reportId(subjectId);
  const items = [...Map.groupBy(news, (one) => one.reportId).values()]
    .map((its) => ({ ...(its.at(-1) as ToldNews), times: its.length, firstAtMs: its[0]?.atMs as number }))
    .sort(byUrgency);
  const open = items.filter(({ news: last }) => last !== 'closed').length;
  const headline = `Digest for ${oneLine(oncall)}: ${items.length} reports that were not told at once, ${open} of them open`;
  const lines = items.map(
    (item) =>
      `- **${item.news === 'closed' ? 'over' : item.state}** ${markdownText(item.headline)} (${item.news} ${timeText(item.atMs)}; report \`${item.reportId}\`)`,
  );
  return {
    id,
    subjectId,
    state: 'closed',
    openedAt: rfc3339(dueMs),
    updatedAt: rfc3339(dueMs),
    closedAt: rfc3339(dueMs),
    headline,
    markdown: `# ${markdownText(headline)}\n\n${lines.join('\n')}\n\nOne of them in full: \`plumbline report ID\`.\n`,
    facts: {
      kind: 'digest',
      oncall,
      items: items.map((item) => ({
        reportId: item.reportId,
        news: item.news,
        state: item.state,
        headline: item.headline,
        effectSize: item.effectSize,
        confidence: item.confidence,
        firstAt: rfc3339(item.firstAtMs),
        lastAt: rfc3339(item.atMs),
        times: item.times,
      })),
    },
  };
}
