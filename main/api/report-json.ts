import { z } from 'zod';
import type { Report } from '../../core/report.ts';
import { timeJson } from './time-json.ts';

export const REPORT_STATES = ['open', 'closed'] as const;

export const reportJson = z
  .strictObject({
    id: z.string(),
    subjectId: z
      .string()
      .describe('What it is about; a report of a finding can also be asked for by the id of the finding.'),
    state: z.enum(REPORT_STATES),
    openedAt: timeJson,
    updatedAt: timeJson,
    closedAt: timeJson.nullable(),
    headline: z.string(),
    markdown: z.string(),
    facts: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Report', description: 'What on-call reads.' });

export function toReportJson(report: Report): z.infer<typeof reportJson> {
  const { id, subjectId, state, openedAt, updatedAt, closedAt, headline, markdown, facts } = report;
  return { id, subjectId, state, openedAt, updatedAt, closedAt, headline, markdown, facts: { ...facts } };
}
