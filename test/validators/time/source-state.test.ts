import { describe, expect, it } from 'vitest';
import type { ClockTally } from '../../../core/clock-tally.ts';
import { binLower, logBin } from '../../../core/log-bin.ts';
import { randomFrom } from '../../../core/random-from.ts';
import { checkFutureStamps } from '../../../validators/time/check-future-stamps.ts';
import { checkSilence } from '../../../validators/time/check-silence.ts';
import { activityOf } from '../../../validators/time/source-state.ts';
import { sharedWatermark, watermarkOf } from '../../../validators/time/watermark.ts';
import { NOW_MS } from '../tallies.ts';
import { clockTally } from './clock-tallies.ts';

/** What readClockTallies makes of arrivals: gaps from the last of a filled 5 s to the first of the next. */
function tallyOf(arrivalsMs: readonly number[], nowMs: number): ClockTally {
  const recent = arrivalsMs.filter((ms) => ms <= nowMs && ms >= nowMs - 600_000);
  const gaps: number[] = [];
  for (let i = 1; i < recent.length; i++) {
    const [before, after] = [recent[i - 1] as number, recent[i] as number];
    if (Math.floor(before / 5_000) !== Math.floor(after / 5_000)) gaps.push(after - before);
  }
  gaps.sort((a, b) => a - b);
  return clockTally({
    receivedMsMax: recent.at(-1) ?? nowMs - 600_000,
    gapCount: gaps.length,
    gapMsP99: gaps[Math.min(gaps.length - 1, Math.ceil(0.99 * (gaps.length - 1)))] ?? 0,
  });
}

describe('activityOf', () => {
  it.each([
    ['on the bound is active', 15_000, 'active'],
    ['one millisecond over is idle', 15_001, 'idle'],
    ['up to ten minutes', 599_999, 'idle'],
    ['then gone', 600_000, 'gone'],
  ] as const)('%s', (_name, silentMs, state) => {
    expect(activityOf(clockTally({ receivedMsMax: NOW_MS - silentMs }), NOW_MS).state).toBe(state);
  });

  it.each([
    ['exports every second', 1_000, 15_000],
    ['exports every 5 s', 5_000, 15_000],
    ['exports every 20 s', 20_000, 60_000],
    ['metrics every minute', 60_000, 180_000],
  ])('turns within three times the cadence, to the millisecond: %s', (_name, everyMs, boundMs) => {
    const arrivals = Array.from({ length: 900_000 / everyMs }, (_, i) => NOW_MS - 900_000 + i * everyMs);
    const lastMs = arrivals.at(-1) as number;
    expect(activityOf(tallyOf(arrivals, lastMs + boundMs), lastMs + boundMs).state).toBe('active');
    expect(activityOf(tallyOf(arrivals, lastMs + boundMs + 1), lastMs + boundMs + 1).state).toBe('idle');
  });

  it('has no rhythm to be out of with four gaps', () => {
    const tally = clockTally({ gapCount: 4, gapMsP99: 6_000, receivedMsMax: NOW_MS - 300_000 });
    expect(activityOf(tally, NOW_MS)).toMatchObject({ state: 'active', idleAfterMs: null });
  });

  it('hardly ever calls requests at random idle, whatever their pace', () => {
    const random = randomFrom(23);
    const hours = 24;
    const alarmsPerHour = [2_000, 4_000, 10_000, 30_000, 100_000].map((meanMs) => {
      const arrivals: number[] = [];
      for (let ms = 0; ms < hours * 3_600_000; ms += -meanMs * Math.log(1 - random())) arrivals.push(ms);
      let alarms = 0;
      for (let i = 1; i < arrivals.length; i++) {
        const [before, after] = [arrivals[i - 1] as number, arrivals[i] as number];
        if (before < 1_200_000 || after - before <= 15_000) continue;
        const own = arrivals.slice(Math.max(0, i - 900), i);
        // Just before the next one came: if it was idle at any time in the gap, it is now.
        if (activityOf(tallyOf(own, after - 1), after - 1).state === 'idle') alarms++;
      }
      return alarms / hours;
    });
    expect(Math.max(...alarmsPerHour.slice(0, 3))).toBeLessThanOrEqual(0.05);
    expect(Math.max(...alarmsPerHour)).toBeLessThanOrEqual(0.5);
  });
});

describe('checkSilence', () => {
  it('fails metrics that stop, and does not know of traces', () => {
    const silent = (signal: 'metrics' | 'traces') =>
      checkSilence([clockTally({ signal, receivedMsMax: NOW_MS - 20_000 })], NOW_MS);
    expect(silent('metrics')).toMatchObject({
      outcome: 'fail',
      interval: { estimate: 20 },
      limits: { fail: 15 },
    });
    expect(silent('traces')).toMatchObject({ outcome: 'unknown', reasons: [{ code: 'IDLE' }] });
  });

  it('is silent with the last instance only', () => {
    const part = checkSilence(
      [clockTally({ receivedMsMax: NOW_MS - 100_000 }), clockTally({ instance: 'pod-2' })],
      NOW_MS,
    );
    expect(part).toMatchObject({ outcome: 'pass', evidence: { states: { active: 1, idle: 1, gone: 0 } } });
    expect(checkSilence([], NOW_MS)).toBeNull();
  });
});

describe('watermarkOf', () => {
  it('is the newest event less the 99 % quantile of lateness, at its upper end', () => {
    const mark = watermarkOf(clockTally({ eventTimeMsMax: NOW_MS - 1_000, latenessMsMax: 2_000 }), NOW_MS);
    expect(mark).toBe(NOW_MS - 3_000);
    const bins = new Map([
      [logBin(2_000), 9_800],
      [logBin(30_000), 200],
    ]);
    const late = clockTally({ eventTimeMsMax: NOW_MS - 1_000, latenessBins: bins, latenessMsMax: 31_000 });
    expect(watermarkOf(late, NOW_MS)).toBe(NOW_MS - 1_000 - binLower(logBin(30_000) + 1));
  });

  it('takes the greatest lateness of a few records, and nothing of quarantined stamps', () => {
    const few = clockTally({ latenessBins: new Map([[logBin(100), 5]]), latenessMsMax: 900 });
    expect(watermarkOf(few, NOW_MS)).toBe(NOW_MS - 1_900);
    expect(watermarkOf(clockTally({ eventTimeMsMax: null }), NOW_MS)).toBeNull();
  });

  it('is held up by whoever sends, not by whoever is idle or gone', () => {
    const slow = clockTally({ instance: 'slow', eventTimeMsMax: NOW_MS - 9_000 });
    const idle = clockTally({
      instance: 'idle',
      eventTimeMsMax: NOW_MS - 90_000,
      receivedMsMax: NOW_MS - 80_000,
    });
    const gone = clockTally({
      instance: 'gone',
      eventTimeMsMax: NOW_MS - 900_000,
      receivedMsMax: NOW_MS - 800_000,
    });
    expect(sharedWatermark([clockTally(), slow, idle, gone], NOW_MS)).toBe(NOW_MS - 11_000);
    expect(sharedWatermark([idle, gone], NOW_MS)).toBeNull();
  });
});

describe('checkFutureStamps', () => {
  const ahead = (lower: number, upper: number, quarantined = 0) =>
    checkFutureStamps(
      [
        clockTally({
          items: 1_000,
          ahead: { lower, upper },
          quarantined: { lower: quarantined, upper: quarantined },
        }),
      ],
      NOW_MS,
    );

  it('passes none, fails many, and does not know of counts between', () => {
    expect(ahead(0, 0)).toMatchObject({ outcome: 'pass', reasons: [] });
    expect(ahead(100, 100)).toMatchObject({ outcome: 'fail', reasons: [{ code: 'FUTURE_STAMPS' }] });
    expect(ahead(0, 100)).toMatchObject({ outcome: 'unknown', interval: { lower: 0 } });
    expect(ahead(100, 100, 40).reasons).toMatchObject([{ code: 'FUTURE_STAMPS_QUARANTINED' }]);
  });

  it('says that few are too few', () => {
    expect(checkFutureStamps([clockTally({ items: 29 })], NOW_MS)).toMatchObject({
      outcome: 'unknown',
      reasons: [{ code: 'TOO_FEW' }],
    });
  });
});
