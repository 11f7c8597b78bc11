import type { Decision } from '../../core/decision.ts';
import type { Finding } from '../../core/finding.ts';
import type { Report } from '../../core/report.ts';
import type { Source } from '../../core/source.ts';
import { rfc3339 } from '../../core/time.ts';
import type { Verdict } from '../../core/verdict.ts';
import type { DecisionRow } from '../../store/decisions.ts';

export const AT_MS = Date.UTC(2026, 10, 23, 16, 20, 5, 250);

export function sampleSource(serviceName = 'checkout'): Source {
  return { tenant: '', serviceNamespace: 'shop', serviceName, serviceInstanceId: '', signal: 'traces' };
}

export function sampleVerdict(given: Partial<Verdict> = {}): Verdict {
  return {
    source: sampleSource(),
    dimension: 'completeness',
    outcome: 'fail',
    estimate: 0.2,
    lower: 0.14,
    upper: 0.28,
    confidence: 0.95,
    unit: 'ratio',
    n: 130,
    limits: { warn: 0.05, fail: 0.05 },
    window: { startMs: AT_MS - 45_000, endMs: AT_MS },
    evaluatedAtMs: AT_MS,
    validUntilMs: AT_MS + 15_000,
    reasons: [{ code: 'SRC_INCOMPLETE', text: '20 % of parents are missing' }],
    estimators: [{ id: 'orphans', estimate: 0.2, lower: 0.14, upper: 0.28, n: 130, kind: 'graph' }],
    evidence: { exampleTraceIds: ['5b8efff798038103d269b633813fc60c'] },
    ...given,
  };
}

export function sampleFinding(given: Partial<Finding> = {}): Finding {
  return {
    id: 'finding-1',
    kind: 'stabilised-bad-state',
    subject: 'checkout',
    culprit: null,
    state: 'confirmed',
    onsetAtMs: AT_MS - 180_000,
    detectedAtMs: AT_MS - 60_000,
    closedAtMs: null,
    effect: { metric: 'ok_ratio', ratio: 0.92, lower: 0.9, upper: 0.94, atEqualLoad: true },
    confidence: 0.99,
    reasons: [{ code: 'STABLE_BAD', text: 'outside intent for 3 min and no longer moving' }],
    evidence: {},
    decisions: ['d_1'],
    ...given,
  };
}

export function sampleReport(given: Partial<Report> = {}): Report {
  return {
    id: 'report-1',
    subjectId: 'finding:stabilised-bad-state:checkout',
    state: 'open',
    openedAt: rfc3339(AT_MS),
    updatedAt: rfc3339(AT_MS),
    closedAt: null,
    headline: 'checkout is stable but bad',
    markdown: '# checkout is stable but bad\n',
    facts: { findingId: 'finding-0', otherFindingIds: ['finding-1'] },
    ...given,
  };
}

export function sampleDecision(given: Partial<Decision> = {}): DecisionRow {
  return {
    decidedAtMs: AT_MS,
    mode: 'enforce',
    request: {
      actor: { id: 'autoscaler/checkout', type: 'autoscaler' },
      action: { kind: 'scale.down', stage: 'scaling', from: { replicas: 4 }, to: { replicas: 3 } },
      target: { service: 'checkout', env: 'demo' },
    },
    response: {
      decision: 'hold',
      decisionId: 'd_1',
      seq: 1,
      validUntil: rfc3339(AT_MS + 30_000),
      retryAfterS: 30,
      data: {
        state: 'fail',
        confidence: 0.72,
        components: [
          {
            source: 'shop/checkout traces',
            dimension: 'completeness',
            state: 'fail',
            estimate: 0.2,
            lower: 0.14,
            upper: 0.28,
            required: '<= 5 %',
            validUntil: rfc3339(AT_MS + 15_000),
          },
        ],
      },
      reasons: [
        {
          code: 'SRC_INCOMPLETE',
          text: '20 % of traces are missing',
          constraint: 'checkout/traces',
          severity: 'blocking',
          since: rfc3339(AT_MS - 20_000),
          evidence: null,
        },
      ],
      limits: {},
      wouldAllowIf: ['completeness >= 95 %'],
      failMode: null,
      constraintSet: 'checkout@4be1c0e',
      prevHash: '0'.repeat(64),
      receipt: null,
      ...given,
    },
    hash: '1'.repeat(64),
  };
}
