import { z } from 'zod';
import { rfc3339 } from '../../core/time.ts';
import { DIMENSIONS, type Verdict } from '../../core/verdict.ts';
import { numberJson, toNumberJson } from './number-json.ts';
import { sourceJson, toSourceJson } from './source-json.ts';
import { timeJson } from './time-json.ts';

export const OUTCOMES = ['pass', 'fail', 'unknown'] as const;

export const reasonJson = z
  .strictObject({ code: z.string(), text: z.string() })
  .meta({ id: 'Reason', description: 'A stable code for machines, a sentence for people.' });

const estimatorJson = z.strictObject({
  id: z.string(),
  estimate: numberJson,
  lower: numberJson,
  upper: numberJson,
  n: z.number(),
  kind: z.enum(['graph', 'counter', 'direct', 'clock']),
  unit: z.enum(['ratio', 's']),
});

export const verdictJson = z
  .strictObject({
    source: sourceJson,
    dimension: z.enum(DIMENSIONS),
    outcome: z.enum(OUTCOMES),
    estimate: numberJson.describe(
      'completeness: lost share, 0 to 1; timeliness: lateness, age or skew in s, or a share; sampling: share of wrong marks, or how far counts by the weights are off; structure: share of faulty records. null: unknown.',
    ),
    lower: numberJson,
    upper: numberJson,
    confidence: z.number(),
    unit: z.enum(['ratio', 's']),
    n: z.number(),
    limits: z.strictObject({ warn: z.number(), fail: z.number() }),
    window: z.strictObject({ start: timeJson, end: timeJson }),
    evaluatedAt: timeJson,
    validUntil: timeJson.describe('Afterwards the verdict says nothing: treat it as unknown.'),
    reasons: z.array(reasonJson),
    estimators: z.array(estimatorJson),
    evidence: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Verdict', description: "What a validator says about one dimension of one source's data." });

export type VerdictJson = z.infer<typeof verdictJson>;

export function toVerdictJson(verdict: Verdict): VerdictJson {
  const { window, reasons, estimators, evidence } = verdict;
  return {
    source: toSourceJson(verdict.source),
    dimension: verdict.dimension,
    outcome: verdict.outcome,
    estimate: toNumberJson(verdict.estimate),
    lower: toNumberJson(verdict.lower),
    upper: toNumberJson(verdict.upper),
    confidence: verdict.confidence,
    unit: verdict.unit,
    n: verdict.n,
    limits: { warn: verdict.limits.warn, fail: verdict.limits.fail },
    window: { start: rfc3339(window.startMs), end: rfc3339(window.endMs) },
    evaluatedAt: rfc3339(verdict.evaluatedAtMs),
    validUntil: rfc3339(verdict.validUntilMs),
    reasons: reasons.map(({ code, text }) => ({ code, text })),
    estimators: estimators.map(({ id, estimate, lower, upper, n, kind, unit = verdict.unit }) => ({
      id,
      estimate: toNumberJson(estimate),
      lower: toNumberJson(lower),
      upper: toNumberJson(upper),
      n,
      kind,
      unit,
    })),
    evidence: { ...evidence },
  };
}
