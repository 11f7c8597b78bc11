import { describe, expect, it } from 'vitest';
import {
  type SampledSource,
  SOUND,
  simulateLogs,
  simulateSource,
} from '../../eval/simulators/sampled-source.ts';
import { drawFrom } from '../../eval/traffic/draw.ts';
import { checkLogSampling } from '../../validators/check-log-sampling.ts';
import type { SourceWindows } from '../../validators/sampling/check-source.ts';
import { judgeSettledSampling } from '../../validators/sampling/judge-settled-sampling.ts';
import { SAMPLING_POLICY } from '../../validators/sampling/sampling-check.ts';
import { NOW_MS, sourceOf } from './tallies.ts';

const MANY: SampledSource = { ...SOUND, requestsPerWindow: 8_000 };
const EXPECTED = {
  constraint: 'shop/logs',
  serviceName: 'checkout',
  signal: 'logs',
  limits: { sampling: { warn: 0.01, fail: 0.001 } },
  latenessQuantile: 0.99,
  counter: null,
} as const;

/** Records with the marks of a sampler of their own, beside the spans of their service, `otel.sdk.log.created` aside. */
function marked(source: SampledSource): SourceWindows {
  const { windows, traceIds, populations } = simulateSource(source, drawFrom(1));
  const records = windows.map((row) => ({ ...row, source: { ...row.source, signal: 'logs' as const } }));
  return { windows: records, traceIds: [], edges: [], populations, spans: { windows, traceIds } };
}

function settle({ windows, edges, populations, mentions = [], spans }: SourceWindows) {
  const created = populations.map((one) => ({
    ...one,
    errors: null,
    byDuration: null,
    sdkSampled: null,
    unit: 'roots' as const,
    startVariance: 0,
    endVariance: 0,
  }));
  return judgeSettledSampling(
    {
      windows,
      traceIds: [],
      edges,
      mentions,
      spans: spans ?? null,
      counter: { name: 'otel.sdk.log.created', unit: 'roots', windows: created, requestsInDoubt: 0 },
      classCounter: null,
      notCounting: [],
      weightMax: 1,
      window: { startMs: NOW_MS - 600_000, endMs: NOW_MS },
    },
    SAMPLING_POLICY,
  );
}

const check = (
  settled: ReturnType<typeof settle> | null,
  expectation: typeof EXPECTED | null = null,
  nowMs = NOW_MS,
) => checkLogSampling({ source: sourceOf('logs'), settled }, expectation, nowMs);

describe('checkLogSampling', () => {
  it('passes marks that hold together, and says that counts by class cannot be shown', () => {
    const verdict = check(settle(marked(MANY)));
    expect(verdict).toMatchObject({
      outcome: 'pass',
      reasons: [],
      evidence: {
        decidedBy: 'marks',
        counter: 'otel.sdk.log.created',
        checks: { c3: { outcome: 'pass' } },
        purposes: { counts: { outcome: 'unverifiable' } },
      },
    });
  });

  it('fails where records were lost that the SDK counted', () => {
    const verdict = check(settle(marked({ ...MANY, arrives: () => 0.7 })));
    expect(verdict).toMatchObject({ outcome: 'fail', evidence: { decidedBy: 'counts' } });
    expect(verdict?.estimate).toBeCloseTo(0.3, 1);
  });

  it('says nothing of records without any mark, unless people expect something of them', () => {
    const bare = settle(simulateLogs({ ...MANY, follow: false }, drawFrom(2)));
    expect(check(bare)).toBeNull();
    expect(check(bare, EXPECTED)?.outcome).toBe('unknown');
  });

  it('says nothing before a minute is settled, or five minutes after the last', () => {
    expect(check(null)).toBeNull();
    expect(check(settle(marked(MANY)), null, NOW_MS + 300_001)).toBeNull();
  });
});
