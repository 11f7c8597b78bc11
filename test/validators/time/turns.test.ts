import { describe, expect, it } from 'vitest';
import type { SourceTally } from '../../../core/source-tally.ts';
import { checkTimeliness } from '../../../validators/check-timeliness.ts';
import { windowsUntil } from '../../../validators/windows.ts';
import { arrivals, NOW_MS, sourceOf } from '../tallies.ts';

/** Exports of a second with 100 spans each; from NOW_MS on each arrives `delayMs` later. As of `nowMs`. */
function talliesAt(nowMs: number, delayMs: number): SourceTally[] {
  const tallies: SourceTally[] = [];
  for (let eventMs = NOW_MS - 590_000; eventMs < nowMs; eventMs += 1_000) {
    const latenessMs = 500 + (eventMs >= NOW_MS ? delayMs : 0);
    const receivedMs = eventMs + latenessMs;
    if (receivedMs <= nowMs) tallies.push(arrivals({ agoMs: NOW_MS - receivedMs, latenessMs, count: 100 }));
  }
  return tallies.filter(({ receiveStartMs }) => receiveStartMs >= windowsUntil(nowMs).slowStartMs);
}

describe('a delay of 10 s against a limit of 5 s', () => {
  const expectation = {
    constraint: 'late',
    match: {},
    limits: { timeliness: { warn: 3, fail: 5 } },
  } as unknown as NonNullable<Parameters<typeof checkTimeliness>[1]>;
  const outcomeAt = (afterMs: number, delayMs: number) =>
    checkTimeliness(
      { source: sourceOf('traces'), tallies: talliesAt(NOW_MS + afterMs, delayMs) },
      expectation,
      NOW_MS + afterMs,
    )?.outcome;

  it('is no pass after 4 s and a failure within 20 s, for as long as it lasts', () => {
    expect(outcomeAt(0, 10_000)).toBe('pass');
    expect([5_000, 8_000].map((afterMs) => outcomeAt(afterMs, 10_000))).not.toContain('pass');
    expect([20_000, 30_000, 60_000].map((afterMs) => outcomeAt(afterMs, 10_000))).toEqual([
      'fail',
      'fail',
      'fail',
    ]);
  });

  it('is not seen where there is none', () => {
    expect([5_000, 20_000, 60_000].map((afterMs) => outcomeAt(afterMs, 0))).toEqual(['pass', 'pass', 'pass']);
  });
});
