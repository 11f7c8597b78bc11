import { describe, expect, it } from 'vitest';
import type { AlignedWindow, CountingUnit } from '../../../core/sampling/aligned-window.ts';
import type {
  PopulationWindow,
  SamplingEdgeWindow,
  SamplingWindow,
} from '../../../core/sampling/sampling-window.ts';
import { sourceKey } from '../../../core/source.ts';
import { type SampledSource, SOUND, simulateSource } from '../../../eval/simulators/sampled-source.ts';
import { drawFrom } from '../../../eval/traffic/draw.ts';
import { heaviestWeights } from '../../../validators/sampling/heaviest-weights.ts';
import { judgeSettledSampling } from '../../../validators/sampling/judge-settled-sampling.ts';
import { SAMPLING_POLICY } from '../../../validators/sampling/sampling-check.ts';

const POLICY = { ...SAMPLING_POLICY, tolerance: 0 };
const sound = simulateSource({ ...SOUND, requestsPerWindow: 4_000 }, drawFrom(1));

function counterOf(
  populations: readonly PopulationWindow[],
  { unit = 'roots' as CountingUnit, requestsInDoubt = 1, name = 'counter' } = {},
) {
  const windows: AlignedWindow[] = populations.map((one) => ({
    ...one,
    unit,
    startVariance: 0,
    endVariance: 0,
  }));
  return { name, unit, windows, requestsInDoubt };
}

function judge(of: Partial<Parameters<typeof judgeSettledSampling>[0]>, source = sound) {
  const { windows, traceIds, edges } = source;
  const window = { startMs: 0, endMs: 600_000 };
  const nothing = {
    mentions: [],
    spans: null,
    counter: null,
    classCounter: null,
    notCounting: [],
    weightMax: 10,
  };
  return judgeSettledSampling({ windows, traceIds, edges, window, ...nothing, ...of }, POLICY);
}

/** Half of what was counted, in every class. */
const half = sound.populations.map((one) => ({
  ...one,
  requests: one.requests / 2,
  errors: (one.errors ?? 0) / 2,
  byDuration: (one.byDuration ?? []).map((count) => count / 2),
  sdkSampled: null,
}));

describe('judgeSettledSampling', () => {
  it('shows that counts are right where all is', () => {
    const { purposes, counter, diagnoses } = judge({ counter: counterOf(sound.populations) });
    expect(purposes.counts).toMatchObject({ outcome: 'pass' });
    expect(counter).toBe('counter');
    expect(diagnoses).toEqual([]);
  });

  it('cannot tell counts by requests where there are more local roots: a process may begin work by itself', () => {
    const byRoots = judge({ counter: counterOf(half) });
    expect(byRoots.checks.c3).toMatchObject({ outcome: 'fail', code: 'COUNTS_TOO_HIGH' });
    expect(byRoots.purposes.counts.outcome).toBe('fail');
    const byRequests = judge({ counter: counterOf(half, { unit: 'requests' }) });
    expect(byRequests.checks.c3).toMatchObject({ outcome: 'unverifiable', code: 'ROOTS_BEYOND_REQUESTS' });
    expect(byRequests.purposes.counts.outcome).toBe('unverifiable');
  });

  it('fails counts by requests where there are fewer local roots', () => {
    const lossy = simulateSource({ ...SOUND, requestsPerWindow: 4_000, arrives: () => 0.5 }, drawFrom(2));
    const { checks } = judge({ counter: counterOf(lossy.populations, { unit: 'requests' }) }, lossy);
    expect(checks.c3).toMatchObject({ outcome: 'fail', code: 'COUNTS_TOO_LOW' });
  });

  it('holds nothing against a counter of all spans', () => {
    const { checks, counter, purposes } = judge({ counter: counterOf(sound.populations, { unit: 'spans' }) });
    expect(counter).toBeNull();
    expect(checks.c3).toMatchObject({ outcome: 'unverifiable', code: 'NO_COUNTER' });
    expect(purposes.counts.outcome).toBe('unverifiable');
  });

  it('holds classes against the counter that tells them, and the count against the better one', () => {
    const untold = sound.populations.map((one) => ({ ...one, errors: null, byDuration: null }));
    expect(judge({ counter: counterOf(untold) }).checks.c5.outcome).toBe('unverifiable');
    const both = judge({
      counter: counterOf(untold, { name: 'better' }),
      classCounter: counterOf(sound.populations, { unit: 'requests' }),
    });
    expect(both.counter).toBe('better');
    expect(both.checks.c5.outcome).toBe('pass');
    expect(both.purposes.counts.outcome).toBe('pass');
  });

  it('misses every request of what is kept in full but those that the counter has in doubt', () => {
    const all: SampledSource = { ...SOUND, windows: 1, requestsPerWindow: 300, threshold: '0' };
    const whole = simulateSource(all, drawFrom(3));
    const windows = whole.windows.map((one) => ({ ...one, roots: one.roots - 3 }));
    const outcome = (requestsInDoubt: number) =>
      judge({ windows, counter: counterOf(whole.populations, { requestsInDoubt }), weightMax: 1 }, whole)
        .checks.c3.outcome;
    expect(outcome(0)).toBe('fail');
    expect(outcome(2)).toBe('fail');
    expect(outcome(3)).not.toBe('fail');
  });
});

describe('heaviestWeights', () => {
  const [row] = sound.windows as [SamplingWindow];
  const of = (serviceName: string) => ({ ...row.source, serviceName });
  const windowOf = (serviceName: string, weightKey: string) => ({
    ...row,
    source: of(serviceName),
    weightKey,
  });
  const [edge] = sound.edges as [SamplingEdgeWindow];
  const call = (parentName: string, child: string) => ({ ...edge, child: of(child), parentName });
  const find = (...args: Parameters<typeof heaviestWeights>) =>
    Object.fromEntries(
      ['front', 'stock', 'disk'].map((name) => [name, heaviestWeights(...args).get(sourceKey(of(name)))]),
    );
  const windows = [
    windowOf('front', '8'),
    windowOf('front', 'c'),
    windowOf('stock', '0'),
    windowOf('disk', 'f'),
  ];

  it('are those of a service itself where nobody calls it', () => {
    expect(find(windows, [])).toEqual({ front: 4, stock: 1, disk: 16 });
  });

  it('go to caller and callee, one call far', () => {
    expect(find(windows, [call('front', 'stock')])).toEqual({ front: 4, stock: 4, disk: 16 });
    expect(find(windows, [call('front', 'stock'), call('stock', 'disk')])).toEqual({
      front: 4,
      stock: 16,
      disk: 16,
    });
  });

  it('are 0 of spans without weight, and a caller nobody knows adds nothing', () => {
    const bare = [{ ...windowOf('stock', ''), weightKind: 'none' as const }];
    expect(find(bare, [call('', 'stock')])).toEqual({ front: undefined, stock: 0, disk: undefined });
  });
});
