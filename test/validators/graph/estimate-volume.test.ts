import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../core/random-from.ts';
import { serviceKey } from '../../../core/service-key.ts';
import { sourceKey } from '../../../core/source.ts';
import type { MinuteCount, VolumeWeek } from '../../../core/volume-tally.ts';
import { serviceOf } from '../../../eval/simulators/shop-of-edges.ts';
import { estimateVolume } from '../../../validators/graph/estimate-volume.ts';
import type { LossEstimate } from '../../../validators/loss-estimate.ts';

const UNTIL_MS = 1_700_000_040_000;
const KEY = sourceKey({ ...serviceOf('shop'), serviceInstanceId: '', signal: 'traces' });
const CALLERS = new Map([[serviceKey(serviceOf('shop')), [serviceOf('gateway')]]]);

/** Ten minutes of now at `now` a minute, and weeks at `weeks` a minute; minutes vary by `noise`. */
function history(name: string, of: { now: number; weeks: readonly number[]; noise?: number; seed?: number }) {
  const random = randomFrom(of.seed ?? 1);
  const vary = (mean: number) =>
    Math.max(0, Math.round(mean * (1 + (of.noise ?? 0.05) * (random() * 2 - 1))));
  const service = serviceOf(name);
  const minutes: MinuteCount[] = Array.from({ length: 10 }, (_, i) => ({
    service,
    signal: 'traces' as const,
    minuteMs: UNTIL_MS - (i + 1) * 60_000,
    items: vary(of.now),
  })).filter(({ items }) => items > 0);
  const weeks: VolumeWeek[] = of.weeks.map((mean, i) => {
    const counts = Array.from({ length: 60 }, () => vary(mean));
    return {
      service,
      signal: 'traces',
      weeksAgo: i + 1,
      items: counts.reduce((sum, count) => sum + count, 0),
      squares: counts.reduce((sum, count) => sum + count ** 2, 0),
    };
  });
  return { minutes, weeks };
}

function estimate(
  shop: ReturnType<typeof history>,
  gateway: ReturnType<typeof history> | null,
  callers = CALLERS,
): LossEstimate | undefined {
  const all = [shop, ...(gateway === null ? [] : [gateway])];
  return estimateVolume({
    minutes: all.flatMap(({ minutes }) => minutes),
    weeks: all.flatMap(({ weeks }) => weeks),
    callers,
    untilMs: UNTIL_MS,
  }).get(KEY);
}

const STEADY = { now: 600, weeks: [600, 590, 610] };
const FALLEN = { now: 300, weeks: [600, 590, 610] };

describe('estimateVolume', () => {
  it('sees no fall in what comes as usual, and never lets it pass', () => {
    const steady = estimate(history('shop', STEADY), null);
    expect(steady).toMatchObject({ id: 'volume', veto: null, blame: null });
    expect(steady?.fast).toMatchObject({ mayPass: false, interval: { lower: 0 } });
    expect(steady?.slow.mayPass).toBe(false);
  });

  it('sees half of the records missing while the callers keep calling', () => {
    const fallen = estimate(history('shop', FALLEN), history('gateway', STEADY));
    expect(fallen?.veto).toBeNull();
    expect(fallen?.fast.interval?.estimate).toBeCloseTo(0.5, 1);
    expect(fallen?.fast.interval?.lower).toBeGreaterThan(0.3);
    expect(fallen?.blame?.at).toBe('unattributed');
  });

  it('sees a source that sends nothing any more', () => {
    const gone = estimate(history('shop', { ...FALLEN, now: 0 }), history('gateway', STEADY));
    expect(gone?.fast.interval).toEqual({ estimate: 1, lower: 1, upper: 1 });
  });

  it.each([
    ['its callers fell too', history('gateway', FALLEN), CALLERS, 'VOLUME_FELL_WITH_CALLERS'],
    ['nobody is known to call it', null, new Map(), 'VOLUME_UNCONFIRMED'],
    [
      'its callers have no history',
      history('gateway', { ...STEADY, weeks: [600] }),
      CALLERS,
      'VOLUME_UNCONFIRMED',
    ],
  ])('vetoes a fall where %s', (_name, gateway, callers, code) => {
    expect(estimate(history('shop', FALLEN), gateway, callers)?.veto?.code).toBe(code);
  });

  it('does not speak of a fall of less than 30 %, nor of one that is within the usual', () => {
    const small = estimate(history('shop', { ...FALLEN, now: 450, noise: 0.001 }), null);
    expect(small?.fast.interval?.lower).toBe(0);
    const noisy = estimate(history('shop', { now: 300, weeks: [600, 200, 900, 450] }), null);
    expect(noisy?.fast.interval?.lower).toBe(0);
  });

  it('says nothing from one week, or where hardly anything is expected', () => {
    expect(estimate(history('shop', { ...STEADY, weeks: [600] }), null)).toBeUndefined();
    expect(estimate(history('shop', { now: 2, weeks: [2, 2] }), null)).toBeUndefined();
  });

  it('hardly ever sees a fall in healthy traffic that varies by the minute and the week', () => {
    let falls = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const random = randomFrom(seed);
      const week = () => 600 * (0.85 + 0.3 * random());
      const shop = history('shop', { now: week(), weeks: [week(), week(), week()], noise: 0.3, seed });
      const result = estimate(shop, null);
      expect(result).toBeDefined();
      falls += (result?.fast.interval?.lower ?? 1) > 0 ? 1 : 0;
    }
    expect(falls).toBe(0);
  });
});
