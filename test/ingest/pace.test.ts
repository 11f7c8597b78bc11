import { describe, expect, it } from 'vitest';
import { Pace } from '../../ingest/pace.ts';

const HOLD_MS_MAX = 60;

/** Of a store that takes 10 bytes a millisecond. */
function paceOf(now: () => number = () => 0): Pace {
  const pace = new Pace({ now, holdMsMax: HOLD_MS_MAX });
  pace.stored(1_000, 100);
  return pace;
}

async function tookMs(turn: Promise<void>): Promise<number> {
  const startedAtMs = performance.now();
  await turn;
  return performance.now() - startedAtMs;
}

describe('Pace', () => {
  it('holds nobody up before a batch was stored, nor while little waits', async () => {
    const fresh = new Pace({ now: () => 0, holdMsMax: HOLD_MS_MAX });
    const calm = paceOf();
    for (let i = 0; i < 5; i++) {
      expect(await tookMs(fresh.turn(1e9, 1))).toBeLessThan(HOLD_MS_MAX);
      expect(await tookMs(calm.turn(1e9, 0.37))).toBeLessThan(HOLD_MS_MAX);
    }
  });

  it('lets requests in one after the other, the slower the more waits', async () => {
    const full = paceOf(); // half the speed of the store: 200 bytes take 40 ms
    await full.turn(200, 1);
    expect(await tookMs(full.turn(200, 1))).toBeGreaterThan(38);
    const filling = paceOf(); // at first a quarter faster than the store: 16 ms
    await filling.turn(200, 0.375);
    const took = await tookMs(filling.turn(200, 0.375));
    expect(took).toBeGreaterThan(14);
  });

  it('forgets what was long ago', async () => {
    let nowMs = 0;
    const pace = paceOf(() => nowMs);
    await pace.turn(200, 1);
    nowMs = 41;
    expect(await tookMs(pace.turn(200, 1))).toBeLessThan(20);
  });

  it('holds nobody up for longer than it may', async () => {
    const pace = paceOf();
    await pace.turn(1e9, 1);
    expect(await tookMs(pace.turn(1e9, 1))).toBeLessThan(10 * HOLD_MS_MAX);
  });
});
