import type { FastifyInstance } from 'fastify';
import { readDecisions } from '../../store/decisions.ts';
import { readFindings } from '../../store/findings.ts';
import { readReports } from '../../store/reports.ts';
import type { ApiDeps } from './api-deps.ts';
import { type FirstPageContent, firstPage } from './page/first-page.ts';
import { problemOf } from './problem.ts';
import { sendPage } from './send-page.ts';
import { readJudgedSources } from './sources.ts';

/** As many as fit on a screen beside the sources. */
const ROWS = 10;

export function serveFirstPage(
  app: FastifyInstance,
  deps: ApiDeps,
  at: { otlpHttpUrl: string; otlpGrpcUrl: string; needsKey: boolean },
): void {
  const { client, now } = deps;
  const read = async (nowMs: number): Promise<FirstPageContent> => {
    const [sources, decisions, findings, reports] = await Promise.all([
      readJudgedSources(deps, nowMs),
      readDecisions(client, { limit: ROWS }),
      readFindings(client, { limit: ROWS }),
      readReports(client, { limit: ROWS }),
    ]);
    return { sources, decisions, findings, reports };
  };
  app.get('/', async (_request, reply) => {
    const nowMs = now();
    try {
      return await sendPage(reply, firstPage({ content: await read(nowMs), at, nowMs }));
    } catch (error) {
      // A page without content that says so, and that fills again by itself.
      const { detail, status } = problemOf(error);
      return await sendPage(reply, firstPage({ content: { problem: detail }, at, nowMs }), status);
    }
  });
}
