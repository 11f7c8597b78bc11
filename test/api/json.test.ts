import { describe, expect, it } from 'vitest';
import { recordedDecisionJson, toRecordedDecisionJson } from '../../main/api/decision-json.ts';
import { findingJson, toFindingJson } from '../../main/api/finding-json.ts';
import { reportJson, toReportJson } from '../../main/api/report-json.ts';
import { toVerdictJson, verdictJson } from '../../main/api/verdict-json.ts';
import { sampleDecision, sampleFinding, sampleReport, sampleVerdict } from './samples.ts';

/** As a client gets it: through JSON, where undefined vanishes and NaN becomes null. */
const sent = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('the mapping to JSON', () => {
  it('of a verdict writes times as RFC 3339 in UTC', () => {
    const json = toVerdictJson(sampleVerdict());
    expect(json).toMatchObject({
      window: { start: '2026-11-23T16:19:20.250Z', end: '2026-11-23T16:20:05.250Z' },
      evaluatedAt: '2026-11-23T16:20:05.250Z',
      validUntil: '2026-11-23T16:20:20.250Z',
      limits: { warn: 0.05, fail: 0.05 },
    });
  });

  it.each([
    ['verdict', verdictJson, toVerdictJson(sampleVerdict())],
    ['finding', findingJson, toFindingJson(sampleFinding({ closedAtMs: 0, culprit: 'cart' }))],
    ['decision', recordedDecisionJson, toRecordedDecisionJson(sampleDecision())],
    ['report', reportJson, toReportJson(sampleReport())],
  ])('of a %s has exactly the documented shape', (_, schema, json) => {
    expect(schema.parse(sent(json))).toEqual(json);
  });

  it('says null for what is not finite, on the way out and not by accident', () => {
    const verdict = toVerdictJson(sampleVerdict({ estimate: Number.NaN, upper: Number.POSITIVE_INFINITY }));
    expect([verdict.estimate, verdict.lower, verdict.upper]).toEqual([null, 0.14, null]);
    const { effect } = toFindingJson(
      sampleFinding({ effect: { ...sampleFinding().effect, ratio: Number.POSITIVE_INFINITY } }),
    );
    expect(effect.ratio).toBeNull();
  });
});
