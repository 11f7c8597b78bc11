import { describe, expect, it } from 'vitest';
import {
  type SampledSource,
  SLOW_MS,
  SOUND,
  simulateLogs,
  simulateSource,
} from '../../../eval/simulators/sampled-source.ts';
import { drawFrom } from '../../../eval/traffic/draw.ts';
import { checkSource, type SourceWindows } from '../../../validators/sampling/check-source.ts';
import { checkUniformity } from '../../../validators/sampling/check-uniformity.ts';
import { combineSampling } from '../../../validators/sampling/combine-sampling.ts';
import { diagnose } from '../../../validators/sampling/diagnose.ts';
import { type CheckId, SAMPLING_POLICY } from '../../../validators/sampling/sampling-check.ts';
import { runCount } from '../../run-count.ts';

const POLICY = { ...SAMPLING_POLICY, tolerance: 0 };
const MANY: SampledSource = { ...SOUND, requestsPerWindow: 8_000, copied: 0.2, exemplars: 0.5 };

function make(source: SampledSource, seed = 1): SourceWindows {
  return simulateSource(source, drawFrom(seed));
}

function check(windows: SourceWindows, policy = POLICY) {
  return checkSource(windows, { slowMs: SLOW_MS, isSamePopulation: true }, policy);
}

function outcomes(windows: SourceWindows, policy = POLICY): Record<string, string> {
  return Object.fromEntries(Object.entries(check(windows, policy)).map(([id, { outcome }]) => [id, outcome]));
}

const ALL_PASS = Object.fromEntries(
  ['c1', 'c2', 'c3', 'c4', 'c5', 'c7', 'c8', 'c9', 'c10', 'c11'].map((id) => [id, 'pass']),
);
const sound = make(MANY);

describe('checks of one source', () => {
  it('pass where all is right, with intervals that hold the truth', () => {
    expect(outcomes(sound)).toEqual({ ...ALL_PASS, c6: 'not-applicable' });
    const { c3, c8 } = check(sound);
    expect(c3.lower).toBeLessThan(1);
    expect(c3.upper).toBeGreaterThan(1);
    expect(c8.eValue).toBeLessThan(1);
  });

  it('are insufficient with a handful of spans, never a pass', () => {
    const seen = new Set(
      Object.values(outcomes(make({ ...SOUND, requestsPerWindow: 30, copied: 0.5, exemplars: 1 }))),
    );
    expect([...seen].sort()).toEqual(['insufficient', 'not-applicable']);
  });

  const faults: [string, SourceWindows, Partial<Record<CheckId, string>>, string][] = [
    ['a steady loss', make({ ...MANY, arrives: () => 0.7 }), { c3: 'fail' }, 'SAMPLED_TWICE_UNLABELLED'],
    [
      'a loss from half way on',
      make({ ...MANY, arrives: (window) => (window < 5 ? 1 : 0.7) }),
      { c3: 'fail', c8: 'fail' },
      'RATE_DRIFTED',
    ],
    ['errors lost', make({ ...MANY, errorsLost: 0.8 }), { c5: 'fail' }, 'CLASS_LOST'],
    ['parents missing', make({ ...MANY, parentsMissing: 0.05 }), { c4: 'fail' }, 'SPANS_LOST'],
    [
      'weights missing',
      make({ ...MANY, weightless: 0.3 }),
      { c9: 'fail', c3: 'unverifiable' },
      'WEIGHTS_ABSENT',
    ],
    [
      'contradicting marks',
      { ...sound, windows: sound.windows.map((row) => ({ ...row, violations: 4 })) },
      { c1: 'fail', c2: 'fail' },
      'CHILDREN_DECIDE_ALONE',
    ],
    [
      'a real threshold above the declared one',
      {
        ...sound,
        windows: sound.windows.map((row) => ({
          ...row,
          offsetBins: row.offsetBins.map((count, bin) => (bin < 20 ? 0 : count)),
          offsetMin: 20 / 64,
        })),
      },
      { c2: 'fail' },
      'THRESHOLD_RAISED_UNLABELLED',
    ],
    [
      'a constant bit in the ids',
      { ...sound, traceIds: sound.traceIds.map((row) => ({ ...row, ones: row.ones.with(12, row.traces) })) },
      { c7: 'fail' },
      'TRACE_IDS_NOT_RANDOM',
    ],
    [
      'the print of an older sampler under the thresholds',
      {
        ...sound,
        traceIds: sound.traceIds.map((row) => ({
          ...row,
          families: { ...row.families, low64: { min: 0.002, max: 0.006 } },
        })),
      },
      { c7: 'fail' },
      'WEIGHTS_LAUNDERED',
    ],
    [
      'weights that callers have and this service lost',
      { ...sound, edges: sound.edges.map((row) => ({ ...row, lost: row.children })) },
      { c4: 'fail' },
      'WEIGHTS_STRIPPED',
    ],
    [
      'copies under another threshold',
      make({ ...MANY, relabelled: 0.05 }),
      { c11: 'fail', c3: 'pass' },
      'SENT_BY_TWO_TAPS',
    ],
    [
      'errors kept more often than they say',
      {
        ...sound,
        populations: sound.populations.map((row) => ({ ...row, requests: 3 * row.requests })),
      },
      { c3: 'fail', c5: 'fail' },
      'TAIL_THRESHOLD_NOT_UPDATED',
    ],
    [
      'two values of rv in one trace',
      { ...sound, edges: sound.edges.map((row) => ({ ...row, randomnessConflicts: row.children })) },
      { c4: 'fail' },
      'TRACES_CONTRADICT',
    ],
  ];
  it.each(faults)('tell %s by its check alone, and name it', (_, windows, expected, code) => {
    expect(outcomes(windows)).toMatchObject(expected);
    const [first] = diagnose(check(windows));
    expect(first?.code).toBe(code);
    expect(first?.evidence.length).toBeGreaterThan(0);
    expect(first?.lookAt.length).toBeGreaterThan(0);
  });

  it('find nothing to diagnose where all is right', () => {
    expect(diagnose(check(sound))).toEqual([]);
  });

  it('know nothing of counts without a counter, or without weights', () => {
    expect(outcomes({ ...sound, populations: [] })).toMatchObject({
      c3: 'unverifiable',
      c5: 'unverifiable',
      c8: 'unverifiable',
    });
    const bare = {
      ...sound,
      windows: sound.windows.map((row) => ({ ...row, weightKind: 'none' as const, weightKey: '' })),
    };
    expect(outcomes(bare)).toMatchObject({ c3: 'unverifiable', c9: 'fail', c8: 'pass' });
  });

  it('count roots of one trace by their design effect', () => {
    const loss = make({ ...SOUND, requestsPerWindow: 1_200, arrives: () => 0.8 });
    const clustered = { ...loss, windows: loss.windows.map((row) => ({ ...row, rootPairs: 4 * row.roots })) };
    const [alone, together] = [check(loss).c3.pValue ?? 1, check(clustered).c3.pValue ?? 0];
    expect(alone).toBeLessThan(1e-9);
    expect(together).toBeGreaterThan(1e-6);
  });

  it('tolerate a deviation of rates up to the tolerance, however many spans show it', () => {
    const short = make({ ...MANY, threshold: '0', requestsPerWindow: 4_000, arrives: () => 0.985 });
    expect(check(short, { ...POLICY, tolerance: 0.02 }).c3.outcome).toBe('pass');
    expect(check(short).c3.outcome).toBe('fail');
  });

  it('do not pass a count whose sampled spans the SDK counted and nobody received', () => {
    const told = make({ ...MANY, arrives: () => 0.98 });
    const untold = { ...told, populations: told.populations.map((row) => ({ ...row, sdkSampled: null })) };
    expect(check(untold).c3.outcome).toBe('pass');
    expect(check(told).c3).toMatchObject({ outcome: 'insufficient', code: 'SAMPLED_SPANS_MISSING' });
  });

  it('hold hot traces for no proof that nothing else is there', () => {
    // Of 40 requests 20 were hot and kept (th:0), none of the others by chance: the same as a loss, but for what its neighbours say.
    const hot = make({ ...SOUND, threshold: '0', windows: 1, requestsPerWindow: 20 });
    const windows = { ...hot, populations: hot.populations.map((row) => ({ ...row, requests: 40 })) };
    expect(check(windows).c3.outcome).toBe('fail');
    expect(check({ ...windows, weightMax: 10 }).c3.outcome).toBe('insufficient');
  });
});

describe('traces that exemplars and log records name', () => {
  const logs = (of: Partial<SampledSource>, follow: boolean) =>
    simulateLogs({ ...SOUND, ...of, follow }, drawFrom(1));

  it('are missing beyond chance: a diagnosis, and no fault of counts', () => {
    const windows = make({ ...MANY, tracesMissing: 0.1 });
    expect(check(windows).c10).toMatchObject({ outcome: 'fail', code: 'TRACES_UNREACHABLE' });
    expect(diagnose(check(windows)).map(({ code }) => code)).toEqual(['NAMED_TRACES_MISSING']);
    expect(combineSampling(check(windows), POLICY).counts.outcome).toBe('pass');
  });

  it('cannot be told where spans carry no threshold, or an explicit rv', () => {
    const bare = sound.windows.map((row) => ({ ...row, weightKind: 'none' as const, weightKey: '' }));
    expect(check({ ...sound, windows: bare }).c10).toMatchObject({
      outcome: 'unverifiable',
      code: 'SPAN_WEIGHTS_UNKNOWN',
    });
    const explicit = sound.traceIds.map((row) => ({ ...row, withRandomness: row.traces }));
    expect(check({ ...sound, traceIds: explicit }).c10.code).toBe('RANDOMNESS_EXPLICIT');
  });

  it('are all of them where records are kept whatever became of their traces', () => {
    expect(check(logs({ requestsPerWindow: 4_000 }, false)).c6).toMatchObject({
      outcome: 'pass',
      code: 'RECORDS_AND_TRACES_AGREE',
    });
  });

  it('are the sampled ones alone behind a trace_based logger, which nine show at 10 %', () => {
    const verdict = check(logs({ windows: 1, requestsPerWindow: 150 }, true));
    expect(verdict.c6).toMatchObject({ outcome: 'fail', code: 'RECORDS_FOLLOW_TRACES' });
    expect(diagnose(verdict).map(({ code }) => code)).toContain('LOGS_FOLLOW_TRACES');
    expect(combineSampling(verdict, POLICY).counts.outcome).toBe('fail');
  });

  it('are not told from all where all are sampled', () => {
    expect(check(logs({ threshold: '0' }, true)).c6.outcome).toBe('pass');
  });

  it('are missing though their records say that they were sampled', () => {
    expect(check(logs({ tracesMissing: 0.1 }, false)).c6).toMatchObject({
      outcome: 'fail',
      code: 'TRACES_OF_RECORDS_MISSING',
    });
  });
});

describe('c2 of randomness with 14 bits', () => {
  /** Of 14 bits a tenth keeps 1,638 cells, which do not fill 64 bins alike; 0.2 % keeps 32, which leave every other empty. */
  const rates: [string, SampledSource][] = [
    ['10 %', { ...SOUND, threshold: 'e668', hasHashSeed: true }],
    ['0.2 %', { ...SOUND, threshold: 'ff8', hasHashSeed: true, requestsPerWindow: 50_000 }],
  ];
  const alpha = 0.01;
  it.each(rates)('fails as seldom as it says at %s', (rate, source) => {
    const of = runCount({ suite: rate === '10 %' ? 200 : 10, long: 2_000 });
    let fails = 0;
    for (let run = 0; run < of; run++) {
      const { windows } = make(source, 1_000 + run);
      fails += Number(checkUniformity(windows, { ...POLICY, alpha }).outcome === 'fail');
    }
    // Twice alpha, and three standard deviations of so many runs.
    expect(fails).toBeLessThanOrEqual(2 * alpha * of + 3 * Math.sqrt(2 * alpha * of));
  });

  it.each(rates)('passes where it is sound at %s', (_, source) => {
    const { windows } = make({ ...source, requestsPerWindow: 8 * source.requestsPerWindow });
    expect(checkUniformity(windows, POLICY)).toMatchObject({ outcome: 'pass', code: 'UNIFORM' });
  });

  it.each(rates)('fails where a stage above cut off what it does not tell at %s', (_, source) => {
    const { windows } = make({ ...source, requestsPerWindow: 8 * source.requestsPerWindow });
    const cut = windows.map((row) => ({
      ...row,
      offsetBins: row.offsetBins.map((count, bin) => (bin < 24 ? 0 : count)),
      offsetMin: 24 / 64,
      onLattice: row.offsetBins.slice(24).reduce((sum, count) => sum + count, 0),
    }));
    expect(checkUniformity(cut, POLICY)).toMatchObject({ outcome: 'fail', code: 'REAL_THRESHOLD_HIGHER' });
    const bent = windows.map((row) => ({
      ...row,
      offsetBins: row.offsetBins.map((count, bin) => (bin % 4 === 0 ? 0 : count)),
      onLattice: row.offsetBins.reduce((sum, count, bin) => sum + (bin % 4 === 0 ? 0 : count), 0),
    }));
    expect(checkUniformity(bent, POLICY)).toMatchObject({ outcome: 'fail', code: 'NOT_UNIFORM' });
  });

  it('would fail a sound one by the even bins of fine randomness', () => {
    const { windows } = make(rates[1]?.[1] ?? SOUND);
    const taken = windows.map((row) => ({ ...row, onLattice: 0 }));
    expect(checkUniformity(taken, POLICY).outcome).toBe('fail');
  });

  it('cannot tell where a threshold keeps a single cell', () => {
    const { windows } = make({ ...SOUND, threshold: 'fffc', hasHashSeed: true, requestsPerWindow: 200_000 });
    expect(checkUniformity(windows, POLICY)).toMatchObject({
      outcome: 'unverifiable',
      code: 'RANDOMNESS_TOO_COARSE',
    });
  });
});

describe('combineSampling', () => {
  const combine = (windows: SourceWindows) => combineSampling(check(windows), POLICY);

  it('opens counts, shapes and existence where all is right', () => {
    const verdicts = combine(sound);
    expect(Object.values(verdicts).map(({ outcome }) => outcome)).toEqual(['pass', 'pass', 'pass']);
    expect(verdicts.counts.reasons.map(({ code }) => code)).toContain('SAMPLING_PASS_COUNTS_AGREE');
  });

  it('closes shapes alone where traces are broken and counts are fine', () => {
    const { counts, 'trace-shape': traceShape } = combine(make({ ...MANY, parentsMissing: 0.05 }));
    expect([counts.outcome, traceShape.outcome]).toEqual(['pass', 'fail']);
    expect(traceShape.reasons.map(({ code }) => code)).toEqual([
      'SAMPLING_FAIL_PARENTS_MISSING',
      'SPANS_LOST',
    ]);
  });

  it('tells what time will show from what it will not', () => {
    const few = combine(make({ ...SOUND, requestsPerWindow: 100 }));
    expect(few.counts.outcome).toBe('insufficient');
    expect(few.counts.reasons[0]?.code).toMatch(/^SAMPLING_INSUFFICIENT_/);
    const blind = combine({ ...sound, populations: [] });
    expect(blind.counts.outcome).toBe('unverifiable');
    expect(blind.counts.reasons.map(({ code }) => code)).toContain('SAMPLING_UNVERIFIABLE_NO_COUNTER');
    const weightless = combine(make({ ...MANY, weightless: 0.3 }));
    expect(weightless.counts.outcome).toBe('unverifiable');
  });

  it('denies existence only where a class was lost', () => {
    expect(combine(make({ ...MANY, errorsLost: 0.8 })).existence.outcome).toBe('fail');
    expect(combine({ ...sound, populations: [] }).existence.outcome).toBe('pass');
  });
});
