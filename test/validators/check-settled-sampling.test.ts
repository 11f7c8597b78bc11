import { describe, expect, it } from 'vitest';
import { type SampledSource, SOUND, simulateSource } from '../../eval/simulators/sampled-source.ts';
import { drawFrom } from '../../eval/traffic/draw.ts';
import { checkSampling, MARKS_CONTRADICT } from '../../validators/check-sampling.ts';
import { judgeSettledSampling } from '../../validators/sampling/judge-settled-sampling.ts';
import { SAMPLING_POLICY } from '../../validators/sampling/sampling-check.ts';
import { marks, NOW_MS, sourceOf } from './tallies.ts';

const MANY: SampledSource = { ...SOUND, requestsPerWindow: 8_000 };
const CONSISTENT = [marks({ thresholdHex: 'e666', spans: 500 })];

function settle(
  source: SampledSource,
  unit: 'requests' | 'roots' | 'spans' | null = 'roots',
  countedRatio = 1,
) {
  const { windows, traceIds, edges, populations, weightMax = 1 } = simulateSource(source, drawFrom(1));
  const counted = (count: number) => Math.round(countedRatio * count);
  const aligned = populations.map((one) => ({
    ...one,
    requests: counted(one.requests),
    errors: one.errors === null ? null : counted(one.errors),
    byDuration: one.byDuration?.map(counted) ?? null,
    sdkSampled: null,
    unit: unit ?? 'roots',
    startVariance: 0,
    endVariance: 0,
  }));
  const counter =
    unit === null
      ? null
      : { name: 'http.server.request.duration', unit, windows: aligned, requestsInDoubt: 0 };
  const window = { startMs: NOW_MS - 600_000, endMs: NOW_MS };
  return judgeSettledSampling(
    {
      windows,
      traceIds,
      edges,
      mentions: [],
      spans: null,
      counter,
      classCounter: null,
      notCounting: [],
      weightMax,
      window,
    },
    SAMPLING_POLICY,
  );
}

const check = (settled: ReturnType<typeof settle> | null) =>
  checkSampling({ source: sourceOf('traces'), tallies: CONSISTENT, settled }, null, NOW_MS);

describe('checkSampling with settled windows', () => {
  it('says what the sampling is good for', () => {
    const { outcome, evidence } = check(settle(MANY));
    expect(outcome).toBe('pass');
    expect(evidence).toMatchObject({
      decidedBy: 'marks',
      counter: 'http.server.request.duration',
      purposes: {
        counts: { outcome: 'pass' },
        'trace-shape': { outcome: 'pass' },
        existence: { outcome: 'pass' },
      },
    });
  });

  it('fails where marks are sound and counts are wrong, says by how much, and calls no mark a contradiction', () => {
    const verdict = check(settle({ ...MANY, arrives: () => 0.7 }));
    expect(verdict).toMatchObject({ outcome: 'fail', evidence: { decidedBy: 'counts' } });
    expect(verdict.lower).toBeGreaterThan(0.2);
    expect(verdict.estimate).toBeCloseTo(0.3, 1);
    expect(verdict.upper).toBeLessThan(0.4);
    const codes = verdict.reasons.map(({ code }) => code);
    expect(codes).toContain('SAMPLING_FAIL_COUNTS_TOO_LOW');
    expect(codes).not.toContain(MARKS_CONTRADICT);
  });

  it('says nothing of purposes once the newest settled minute is older than five', () => {
    const settled = settle(MANY);
    const at = (nowMs: number) =>
      checkSampling({ source: sourceOf('traces'), tallies: CONSISTENT, settled }, null, nowMs).evidence;
    expect(at(NOW_MS + 300_000)).toHaveProperty('purposes');
    expect(at(NOW_MS + 300_001)).not.toHaveProperty('purposes');
    const wrong = settle({ ...MANY, arrives: () => 0.7 });
    const verdict = checkSampling(
      { source: sourceOf('traces'), tallies: CONSISTENT, settled: wrong },
      null,
      NOW_MS + 300_001,
    );
    expect(verdict.outcome).not.toBe('fail');
  });

  it('holds counts unverifiable without a counter, and with one of all spans', () => {
    const counts = { purposes: { counts: { outcome: 'unverifiable' } } };
    expect(check(settle(MANY, null)).evidence).toMatchObject(counts);
    expect(check(settle(MANY, 'spans')).evidence).toMatchObject(counts);
  });

  it('takes more local roots than requests for jobs, not for a fault', () => {
    expect(check(settle(MANY, 'requests', 0.8))).toMatchObject({
      outcome: 'pass',
      evidence: { purposes: { counts: { outcome: 'unverifiable' } } },
    });
    expect(check(settle(MANY, 'roots', 0.8)).outcome).toBe('fail');
  });
});
