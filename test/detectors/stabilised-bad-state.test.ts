import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IntentTarget, StabilisedBadRule } from '../../core/expectation.ts';
import type { Finding } from '../../core/finding.ts';
import { randomFrom } from '../../core/random-from.ts';
import type { ServiceStep, WeighedSpans } from '../../core/service-step.ts';
import { detectStabilisedBadState, stepMsOf } from '../../detectors/stabilised-bad-state.ts';
import { type Phase, START_MS, STEP_MS, simulateSeries } from './simulated-series.ts';

const intent: IntentTarget = {
  constraint: 'checkout/ok-ratio',
  serviceName: 'checkout',
  metric: 'ok_ratio',
  comparator: '>=',
  target: 0.99,
  why: 'one order in a hundred may fail',
};
const p95: IntentTarget = {
  ...intent,
  constraint: 'checkout/p95',
  metric: 'p95_ms',
  comparator: '<=',
  target: 250,
};
const rule: StabilisedBadRule = { outsideIntentForMs: 120_000, changeRatioPerHour: 0.2 };

/** Looks every step, as the job does, and gives what was said each time. */
function watch(
  series: readonly ServiceStep[],
  options: { intent?: IntentTarget; untilStep?: number; from?: Finding | null } = {},
) {
  const last =
    options.untilStep ?? (Math.max(...series.map((step) => step.startMs)) - START_MS) / STEP_MS + 1;
  let previous: Finding | null = options.from ?? null;
  const told: { step: number; finding: Finding }[] = [];
  for (let step = 0; step <= last; step++) {
    const nowMs = START_MS + step * STEP_MS + 10_000; // ten seconds of grace
    const known = series.filter((one) => one.startMs < START_MS + step * STEP_MS);
    const finding = detectStabilisedBadState({
      series: known,
      intent: options.intent ?? intent,
      rule,
      nowMs,
      previous,
    });
    if (finding === null) continue;
    previous = finding;
    told.push({ step, finding });
  }
  return told;
}

const simulate = (phases: readonly Phase[], seed = 3) => simulateSeries(phases, randomFrom(seed));
const statesOf = (told: ReturnType<typeof watch>) =>
  told.map(({ finding }) => finding.state).filter((state, i, all) => state !== all[i - 1]);
const codesOf = (finding: Finding | undefined) => finding?.reasons.map((reason) => reason.code);

const good: Phase = { steps: 30, requests: 300, errorRatio: 0.002 };
const bad: Phase = { steps: 30, requests: 300, errorRatio: 0.08 };

describe('detectStabilisedBadState', () => {
  it('suspects after six steps, confirms after the duration, closes after as long, under one id', () => {
    const told = watch(simulate([good, bad, { ...good, steps: 14 }]));
    expect(statesOf(told)).toEqual(['suspect', 'confirmed', 'closed']);
    expect(new Set(told.map(({ finding }) => finding.id)).size).toBe(1);
    const [first, confirmed, closed] = ['suspect', 'confirmed', 'closed'].map((state) =>
      told.find(({ finding }) => finding.state === state),
    );
    expect(first?.step).toBe(36);
    expect(confirmed?.step).toBe(42);
    expect(first?.finding.onsetAtMs).toBe(START_MS + 30 * STEP_MS);
    expect(first?.finding.id).toBe(
      `stabilised-bad-state:checkout:checkout/ok-ratio:${new Date(START_MS + 30 * STEP_MS).toISOString()}`,
    );
    expect(codesOf(confirmed?.finding)).toEqual(['INTENT_VIOLATED', 'STATIONARY', 'LOAD_BACK']);
    expect(confirmed?.finding.effect).toMatchObject({ metric: 'ok_ratio', atEqualLoad: true });
    expect(confirmed?.finding.effect.ratio).toBeCloseTo(0.92 / 0.998, 2);
    expect(confirmed?.finding.effect.upper).toBeLessThan(0.95);
    expect(closed?.finding.closedAtMs).toBe(START_MS + (closed?.step ?? 0) * STEP_MS + 10_000);
    // Ten of twelve steps within the intent again: 80 % of the duration.
    expect(closed?.step).toBe(70);
    expect(told.at(-1)?.step).toBe(70);
  });

  it('finds a latency that stays high though the load is back after a surge', () => {
    const quick: Phase = { steps: 30, requests: 300, durationMs: 100 };
    const surge: Phase = { steps: 3, requests: 900, durationMs: 900 };
    const told = watch(simulate([quick, surge, { ...quick, durationMs: 450 }]), { intent: p95 });
    expect(statesOf(told)).toEqual(['suspect', 'confirmed']);
    const last = told.at(-1)?.finding;
    expect(last?.effect.ratio).toBeGreaterThan(4);
    expect(last?.effect.ratio).toBeLessThan(5);
    expect(last?.onsetAtMs).toBe(START_MS + 30 * STEP_MS);
  });

  it.each([
    ['a load never seen before', [good, { ...bad, requests: 3_000 }], 'LOAD_NOT_COMPARABLE'],
    ['a service never seen good', [bad], 'NO_GOOD_REFERENCE'],
    [
      'a state that gets worse',
      [
        good,
        ...Array.from({ length: 30 }, (_, i) => ({
          ...bad,
          steps: 1,
          requests: 3_000,
          errorRatio: 0.05 + 0.02 * i,
        })),
      ],
      'STILL_CHANGING',
    ],
  ] as const)('only suspects %s', (_name, phases, code) => {
    const series = simulate([{ ...good, steps: 0 }, ...phases]);
    const told = watch(series);
    expect(statesOf(told)).toEqual(['suspect']);
    expect(codesOf(told.at(-1)?.finding)).toContain(code);
  });

  it.each([
    ['within the intent', [{ ...good, steps: 60 }]],
    ['a blip shorter than six steps', [good, { ...bad, steps: 4 }, good]],
    [
      'too few requests to say',
      [
        { ...good, requests: 5 },
        { ...bad, requests: 5 },
      ],
    ],
    [
      'every other step bad',
      Array.from({ length: 30 }, (_, i) => ({ ...(i % 2 === 0 ? good : bad), steps: 1 })),
    ],
    ['nothing at all', []],
  ] as const)('finds nothing: %s', (_name, phases) => {
    expect(watch(simulate([...phases]), { untilStep: 70 })).toEqual([]);
  });

  it('cannot say while data are missing, does not close, and goes on as confirmed', () => {
    const told = watch(simulate([good, bad, { ...bad, steps: 20, requests: 0 }, bad]));
    expect(statesOf(told)).toEqual(['suspect', 'confirmed', 'cannot-say', 'confirmed']);
    expect(new Set(told.map(({ finding }) => finding.id)).size).toBe(1);
    const silent = told.find(({ finding }) => finding.state === 'cannot-say')?.finding;
    expect(codesOf(silent)).toEqual(['NO_DATA']);
  });

  it('stays one finding through short recoveries', () => {
    const phases = Array.from({ length: 4 }, () => [
      { ...bad, steps: 14 },
      { ...good, steps: 3 },
    ]).flat();
    const told = watch(simulate([good, ...phases]));
    expect(new Set(told.map(({ finding }) => finding.id)).size).toBe(1);
    expect(statesOf(told)).toEqual(['suspect', 'confirmed']);
  });

  it('makes a second finding of a second time', () => {
    const told = watch(simulate([good, bad, { ...good, steps: 20 }, bad]));
    expect(statesOf(told)).toEqual(['suspect', 'confirmed', 'closed', 'suspect', 'confirmed']);
    expect(new Set(told.map(({ finding }) => finding.id)).size).toBe(2);
  });

  it('takes up what was found before a restart, and finds the same without it', () => {
    const series = simulate([good, bad]);
    const whole = watch(series, { untilStep: 50 }).at(-1)?.finding as Finding;
    const again = detectStabilisedBadState({
      series,
      intent,
      rule,
      nowMs: START_MS + 51 * STEP_MS,
      previous: JSON.parse(JSON.stringify(whole)),
    });
    const anew = detectStabilisedBadState({
      series,
      intent,
      rule,
      nowMs: START_MS + 51 * STEP_MS,
      previous: null,
    });
    expect(again).toMatchObject({
      id: whole.id,
      onsetAtMs: whole.onsetAtMs,
      detectedAtMs: whole.detectedAtMs,
      state: 'confirmed',
    });
    expect(anew).toMatchObject({ id: whole.id, onsetAtMs: whole.onsetAtMs, state: 'confirmed' });
  });

  it('judges sampled requests by their weights', () => {
    const told = watch(
      simulate([
        { ...good, weight: 20 },
        { ...bad, weight: 20 },
      ]),
    );
    expect(statesOf(told)).toEqual(['suspect', 'confirmed']);
    const last = told.at(-1)?.finding;
    expect(last?.reasons[0]?.text).toContain('over about 72000 requests, seen through 3600 spans');
    expect(last?.evidence).toMatchObject({ unknownWeightRatio: 0 });
    const steps = last?.evidence['steps'] as object[] | undefined;
    expect(steps?.at(-1)).toMatchObject({ requests: 6_000, spans: 300 });
  });

  it('only suspects by spans of unknown weight, says why, and closes by them again', () => {
    const [unknownGood, unknownBad] = [good, bad].map((phase) => ({ ...phase, weight: null })) as [
      Phase,
      Phase,
    ];
    const told = watch(simulate([unknownGood, unknownBad, { ...unknownGood, steps: 14 }]));
    expect(statesOf(told)).toEqual(['suspect', 'closed']);
    const suspect = told.find(({ step }) => step === 60)?.finding;
    expect(codesOf(suspect)).toEqual(['INTENT_VIOLATED', 'WEIGHTS_UNKNOWN', 'STATIONARY', 'LOAD_UNKNOWN']);
    expect(suspect?.reasons[1]?.text).toContain('declared: none');
    expect(suspect?.reasons[0]?.text).toContain('looks violated in 12 of the last 12 steps');
    expect(suspect?.confidence).toBe(0);
    const steps = suspect?.evidence['steps'] as { requests: unknown }[];
    expect(steps.map(({ requests }) => requests)).toEqual(Array(24).fill(null));
  });

  it('takes missing data for missing data, not for missing weights', () => {
    const gaps = Array.from({ length: 8 }, () => [
      { ...bad, steps: 1 },
      { ...bad, steps: 1, requests: 3 },
    ]).flat();
    const told = watch(simulate([{ ...good, steps: 20 }, ...gaps]));
    expect(told.length).toBeGreaterThan(0);
    expect(told.flatMap(({ finding }) => codesOf(finding))).not.toContain('WEIGHTS_UNKNOWN');
  });

  it('does not close by spans of unknown weight what was confirmed by requests', () => {
    const told = watch(simulate([good, bad, { ...good, weight: null }, { ...good, steps: 14 }]));
    expect(statesOf(told)).toEqual(['suspect', 'confirmed', 'cannot-say', 'closed']);
    const silent = told.find(({ finding }) => finding.state === 'cannot-say')?.finding;
    expect(codesOf(silent)).toEqual(['WEIGHTS_UNKNOWN']);
  });

  it('says the same however its steps are split and ordered', () => {
    const series = simulate([
      { ...good, weight: 10 / 3 },
      { ...bad, weight: 10 / 3 },
    ]).map((step): ServiceStep => {
      const light = { weight: 1.7, spans: 41, errors: 0, durationBins: new Map([[7, 41]]) };
      return { ...step, byWeight: [...step.byWeight, light] };
    });
    const look = (steps: readonly ServiceStep[]) =>
      detectStabilisedBadState({
        series: steps,
        intent,
        rule,
        nowMs: START_MS + 51 * STEP_MS,
        previous: null,
      });
    const split = series.flatMap((step, i) => {
      const [whole, light] = step.byWeight as [WeighedSpans, WeighedSpans];
      const part = Math.floor((whole.spans * (i % 5)) / 5);
      const bins = [...whole.durationBins];
      const left = { ...whole, spans: part, errors: 0, durationBins: new Map(bins.map(([bin]) => [bin, 0])) };
      const right = { ...whole, spans: whole.spans - part, durationBins: new Map(bins) };
      return [
        { ...step, byWeight: [left] },
        { ...step, byWeight: [light] },
        { ...step, byWeight: [right] },
      ];
    });
    fc.assert(
      fc.property(fc.shuffledSubarray(split, { minLength: split.length }), (shuffled) => {
        expect(look(shuffled)).toEqual(look(series));
      }),
      { numRuns: 20 },
    );
  });
});

describe('stepMsOf', () => {
  it.each([
    [60_000, 10_000],
    [120_000, 10_000],
    [300_000, 20_000],
    [720_000, 60_000],
    [7_200_000, 60_000],
  ])('of %i ms', (outsideIntentForMs, stepMs) => {
    expect(stepMsOf({ ...rule, outsideIntentForMs })).toBe(stepMs);
  });
});
