import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { CANARY_SERVICE } from '../../core/canary-service.ts';
import { rfc3339 } from '../../core/time.ts';
import { readSources } from '../../store/sources.ts';
import { readVerdicts } from '../../store/verdicts.ts';
import type { ApiDeps } from './api-deps.ts';
import { type JudgedSource, judgedSources, lastReceivedAtMs } from './judged-source.ts';
import { type Operation, serveOperation } from './operation.ts';
import { sourceJson, toSourceJson } from './source-json.ts';
import { timeJson, toTimeJson } from './time-json.ts';
import { OUTCOMES, toVerdictJson, verdictJson } from './verdict-json.ts';

/** As long as a verdict says something about now; a source that is silent longer is not listed. */
const SEEN_WITHIN_MS = 600_000;

const judgedSourceJson = z
  .strictObject({
    ...sourceJson.shape,
    outcome: z.enum(OUTCOMES).describe('The worst of its verdicts; unknown when there is none that holds.'),
    itemCount: z.number().describe('Spans, data points or log records of the last 10 minutes.'),
    lastReceivedAt: timeJson.nullable(),
    instances: z.array(
      z.strictObject({ serviceInstanceId: z.string(), itemCount: z.number(), lastReceivedAt: timeJson }),
    ),
    verdicts: z.array(verdictJson),
  })
  .meta({ id: 'JudgedSource', description: 'A source, what arrived from it and what was judged about it.' });

const listSources = {
  method: 'GET',
  path: '/sources',
  id: 'listSources',
  summary: 'Sources of the last 10 minutes with their verdicts, worst first',
  answer: z.strictObject({ sources: z.array(judgedSourceJson) }),
} satisfies Operation;

export const SOURCE_OPERATIONS: readonly Operation[] = [listSources];

/** Sources that sent or were judged within the last 10 minutes, worst first. */
export async function readJudgedSources(
  { client }: Pick<ApiDeps, 'client'>,
  nowMs: number,
): Promise<JudgedSource[]> {
  const [activities, verdicts] = await Promise.all([
    readSources(client, nowMs - SEEN_WITHIN_MS),
    readVerdicts(client, { nowMs }),
  ]);
  const others = activities.filter(({ source }) => source.serviceName !== CANARY_SERVICE);
  return judgedSources(others, verdicts, nowMs);
}

function toJson(judged: JudgedSource): z.infer<typeof judgedSourceJson> {
  const { source, outcome, activities, verdicts } = judged;
  return {
    ...toSourceJson(source),
    outcome,
    itemCount: activities.reduce((sum, { itemCount }) => sum + itemCount, 0),
    lastReceivedAt: toTimeJson(lastReceivedAtMs(judged)),
    instances: activities.map((activity) => ({
      serviceInstanceId: activity.source.serviceInstanceId,
      itemCount: activity.itemCount,
      lastReceivedAt: rfc3339(activity.lastReceivedAtMs),
    })),
    verdicts: verdicts.map(toVerdictJson),
  };
}

export function serveSources(app: FastifyInstance, deps: ApiDeps): void {
  serveOperation(app, listSources, async () => {
    return { sources: (await readJudgedSources(deps, deps.now())).map(toJson) };
  });
}
