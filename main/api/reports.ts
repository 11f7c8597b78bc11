import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { PipelineError } from '../../core/errors.ts';
import { readReport, readReports } from '../../store/reports.ts';
import { acceptedType } from './accepted-type.ts';
import type { ApiDeps } from './api-deps.ts';
import { limitQuery } from './limit-query.ts';
import { type Operation, serveOperation } from './operation.ts';
import { reportPage } from './page/report-page.ts';
import { REPORT_STATES, reportJson, toReportJson } from './report-json.ts';
import { sendPage } from './send-page.ts';

const TYPES = ['application/json', 'text/markdown', 'text/html'] as const;

const listReports = {
  method: 'GET',
  path: '/reports',
  id: 'listReports',
  summary: 'Reports, newest change first',
  query: z.strictObject({ state: z.enum(REPORT_STATES).optional(), limit: limitQuery }),
  answer: z.strictObject({ reports: z.array(reportJson) }),
} satisfies Operation;

const getReport = {
  method: 'GET',
  path: '/reports/{id}',
  id: 'getReport',
  summary: 'One report, as JSON, Markdown or a page',
  params: z.object({ id: z.string() }),
  answer: reportJson,
  otherTypes: TYPES.slice(1),
  failures: ['not_found'],
} satisfies Operation;

export const REPORT_OPERATIONS: readonly Operation[] = [listReports, getReport];

export function serveReports(app: FastifyInstance, { client }: ApiDeps): void {
  serveOperation(app, listReports, async ({ query }) => {
    const reports = await readReports(client, query);
    return { reports: reports.map(toReportJson) };
  });
  serveOperation(app, getReport, async ({ params: { id }, request, reply }) => {
    const type = acceptedType(request.headers.accept, TYPES);
    if (type === null) {
      throw new PipelineError(
        'request_invalid',
        `A report is served as ${TYPES.join(', ')}: accept one of them.`,
      );
    }
    const report = await readReport(client, id);
    if (report === null) {
      throw new PipelineError('not_found', `There is no report ${id}; GET /api/v1/reports lists them.`, {
        id,
      });
    }
    reply.header('vary', 'accept');
    if (type === 'text/html') return await sendPage(reply, reportPage(report));
    if (type === 'text/markdown')
      return await reply.type('text/markdown; charset=utf-8').send(report.markdown);
    return toReportJson(report);
  });
}
