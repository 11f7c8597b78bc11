import { z } from 'zod';
import { PipelineError } from '../../../core/errors.ts';
import { readReport, readReports } from '../../../store/reports.ts';
import { REPORT_STATES, reportJson, toReportJson } from '../../api/report-json.ts';
import { mcpTool } from './mcp-tool.ts';

const LISTED_MAX = 100;
const LINES_MAX = 10;

export const listDriftReports = mcpTool({
  name: 'list_drift_reports',
  title: 'What has drifted?',
  description:
    'Reports about drift, masked failures, feedback loops and broken telemetry, newest change first: one headline each. get_drift_report has the whole of one.',
  input: z.strictObject({
    state: z.enum(REPORT_STATES).optional().describe('Left out: open and closed ones.'),
    limit: z.int().min(1).max(LISTED_MAX).default(20),
  }),
  output: z.strictObject({
    reports: z.array(
      z.strictObject(reportJson.omit({ markdown: true, facts: true }).shape).meta({ title: 'Report' }),
    ),
  }),
  run: async ({ state, limit }, { client }) => {
    const reports = (await readReports(client, { state, limit })).map(toReportJson);
    const lines = reports.slice(0, LINES_MAX).map((one) => `${one.id} (${one.state}): ${one.headline}`);
    const more = reports.length > lines.length ? [`and ${reports.length - lines.length} more`] : [];
    return {
      text: reports.length === 0 ? 'No reports.' : [...lines, ...more].join('\n'),
      answer: { reports: reports.map(({ markdown: _, facts: __, ...listed }) => listed) },
    };
  },
});

export const getDriftReport = mcpTool({
  name: 'get_drift_report',
  title: 'One report',
  description: 'One report with its evidence, as on-call reads it (Markdown).',
  input: z.strictObject({
    id: z.string().min(1).max(500).describe('Of a report, or of the finding that it is about.'),
  }),
  output: z.strictObject(reportJson.shape),
  run: async ({ id }, { client }) => {
    const report = await readReport(client, id);
    if (report === null)
      throw new PipelineError('not_found', `There is no report ${id}; list_drift_reports lists them.`, {
        id,
      });
    return { text: report.markdown, answer: toReportJson(report) };
  },
});
