import { z } from 'zod';
import { DIMENSIONS, type Outcome } from '../../../core/verdict.ts';
import { type JudgedSource, lastReceivedAtMs, outcomeNow } from '../../api/judged-source.ts';
import { numberJson, toNumberJson } from '../../api/number-json.ts';
import { sourceJson, toSourceJson } from '../../api/source-json.ts';
import { readJudgedSources } from '../../api/sources.ts';
import { timeJson, toTimeJson } from '../../api/time-json.ts';
import { OUTCOMES } from '../../api/verdict-json.ts';
import { mcpTool } from './mcp-tool.ts';

const SOURCES_MAX = 50;

const dimension = z.strictObject({
  dimension: z.enum(DIMENSIONS),
  outcome: z.enum(OUTCOMES),
  estimate: numberJson,
  lower: numberJson,
  upper: numberJson,
  unit: z.enum(['ratio', 's']),
  validUntil: timeJson,
  reasons: z.array(z.string()),
});

const output = z.strictObject({
  outcome: z.enum(OUTCOMES).describe('The worst of all; unknown when nothing is known.'),
  sources: z.array(
    z.strictObject({
      source: sourceJson,
      outcome: z.enum(OUTCOMES),
      lastReceivedAt: timeJson.nullable(),
      dimensions: z.array(dimension),
    }),
  ),
  leftOff: z.int().describe('Sources that are not listed; the worst ones are.'),
});

function toJson(judged: JudgedSource, nowMs: number): z.infer<typeof output>['sources'][number] {
  return {
    source: toSourceJson(judged.source),
    outcome: judged.outcome,
    lastReceivedAt: toTimeJson(lastReceivedAtMs(judged)),
    dimensions: judged.verdicts.map((verdict) => ({
      dimension: verdict.dimension,
      outcome: outcomeNow(verdict, nowMs),
      estimate: toNumberJson(verdict.estimate),
      lower: toNumberJson(verdict.lower),
      upper: toNumberJson(verdict.upper),
      unit: verdict.unit,
      validUntil: toTimeJson(verdict.validUntilMs) as string,
      reasons: verdict.reasons.map(({ text }) => text),
    })),
  };
}

const MEANING: Readonly<Record<Outcome, string>> = {
  pass: 'can be trusted now',
  unknown: 'is not known to be right: do not act on numbers from it, nor on their absence',
  fail: 'is broken: numbers from it are wrong',
};

function lineOf({ source, dimensions, outcome }: z.infer<typeof output>['sources'][number]): string {
  const bad = dimensions.filter((one) => one.outcome !== 'pass');
  const why = bad.map((one) => `${one.dimension} ${one.outcome} (${one.reasons.join(' ')})`);
  return `${source.serviceName} ${source.signal}: ${outcome}${why.length > 0 ? `; ${why.join('; ')}` : ''}`;
}

const LINES_MAX = 5;

export const getDataQuality = mcpTool({
  name: 'get_data_quality',
  title: 'Can this telemetry be trusted?',
  description:
    'Whether traces, metrics and logs are complete, on time, rightly sampled and well formed, per source, worst first. Look here before concluding anything from a dashboard, a query, a zero or a missing series.',
  input: z.strictObject({
    service: z.string().min(1).optional().describe('service.name; left out: all services.'),
    namespace: z.string().min(1).optional(),
  }),
  output,
  run: async ({ service, namespace }, deps) => {
    const nowMs = deps.now();
    const judged = (await readJudgedSources(deps, nowMs)).filter(
      ({ source }) =>
        (service === undefined || source.serviceName === service) &&
        (namespace === undefined || source.serviceNamespace === namespace),
    );
    const outcome = judged[0]?.outcome ?? 'unknown'; // worst first
    const sources = judged.slice(0, SOURCES_MAX).map((one) => toJson(one, nowMs));
    const of = service ?? 'all services';
    const lines = sources.filter((one) => one.outcome !== 'pass').slice(0, LINES_MAX);
    const none =
      judged.length === 0 ? ' Nothing arrived in the last 10 minutes, and nothing was judged.' : '';
    return {
      text: [
        `${outcome.toUpperCase()}: the telemetry of ${of} ${MEANING[outcome]}.${none}`,
        ...lines.map(lineOf),
      ].join('\n'),
      answer: { outcome, sources, leftOff: judged.length - sources.length },
    };
  },
});
