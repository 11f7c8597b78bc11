import { describe, expect, it } from 'vitest';
import type { SystemHistory } from '../../../core/system-history.ts';
import { detectMisreadAsNormal } from '../../../detectors/drift/misread-as-normal.ts';
import { viewSystem } from '../../../detectors/equal-load/system-view.ts';
import { cutHistory } from './cut-history.ts';
import { ACCEPTED, type Chain, DAY, makeChain, slow } from './make-history-chain.ts';

const detect = (history: SystemHistory, accepted = ACCEPTED) =>
  detectMisreadAsNormal(viewSystem(history, accepted));
/** From day 2 on, inside of the accepted period. */
const creep = (perDay: number) => (chain: Chain) =>
  slow(chain, 'api', (minute) => (1 + perDay) ** Math.max(0, (minute - 2 * DAY) / DAY));
const hide = (names: readonly ('selfMs' | 'meanMs')[]) => (chain: Chain) => {
  for (const series of Object.values(chain.services)) for (const name of names) delete series[name];
};

describe('a creep', () => {
  it.each([
    ['self time', []],
    ['latency without what callees explain', ['selfMs']],
    ['a median latency', ['selfMs', 'meanMs']],
  ] as const)('is told by %s, and names who creeps and not who waits', (_, hidden) => {
    const history = makeChain(1, {
      days: 14,
      turn: (chain) => {
        creep(0.015)(chain);
        hide(hidden)(chain);
      },
    });
    const episodes = detect(history);
    expect(episodes.map(({ subject }) => subject)).toEqual(['api']);
    expect(episodes[0]?.closedMinute).toBeNull();
    expect(episodes[0]?.detectedMinute).toBeLessThan(10 * DAY);
    expect(episodes[0]?.effect.lower).toBeGreaterThan(1);
  });

  it('says what a baseline that learns has taken as normal, and when releases came', () => {
    const history = makeChain(2, {
      days: 14,
      turn: (chain) => {
        creep(0.01)(chain);
        chain.services.api.version = Float64Array.from({ length: 14 * DAY }, (_, minute) =>
          Math.floor(minute / (3 * DAY)),
        );
      },
    });
    const [episode] = detect(history);
    expect(episode?.hiddenBy).toEqual(['a baseline that learns']);
    expect(episode?.evidence['captureRatio']).toBeGreaterThan(0.7);
    expect(episode?.evidence['releases']).toContainEqual(
      expect.objectContaining({ version: 2, fromMinute: 6 * DAY }),
    );
  });

  it('closes when it is back, and is told by nothing that came after', () => {
    const history = makeChain(3, {
      days: 12,
      turn: (chain) =>
        slow(chain, 'store', (minute) => (minute < 9 * DAY ? 1 + 0.02 * Math.max(0, minute / DAY - 4) : 1)),
    });
    const [episode, ...others] = detect(history);
    expect(others).toEqual([]);
    expect(episode?.closedMinute).toBe(10 * DAY);
    const { detectedMinute } = episode as NonNullable<typeof episode>;
    expect(detect(cutHistory(history, detectedMinute))).toEqual([{ ...episode, closedMinute: null }]);
    expect(detect(cutHistory(history, detectedMinute - 1))).toEqual([]);
  });

  it('is not what gets faster', () => {
    expect(detect(makeChain(4, { days: 12, turn: creep(-0.02) }))).toEqual([]);
  });
});

describe('nothing is said', () => {
  it('of healthy systems', () => {
    const episodes = Array.from({ length: 12 }, (_, seed) =>
      detect(makeChain(100 + seed, { days: 12 })),
    ).flat();
    expect(episodes).toEqual([]);
  });

  it.each<[string, (chain: Chain) => void, typeof ACCEPTED]>([
    ['an accepted period of less than four days', creep(0.03), { fromMinute: 0, untilMinute: 3 * DAY }],
    [
      'a load never seen before',
      (chain) => {
        creep(0.03)(chain);
        for (let at = 4 * DAY; at < 8 * DAY; at++) (chain.services.api.requests as Float64Array)[at] = 5_000;
      },
      ACCEPTED,
    ],
    [
      'an accepted period mostly unknown',
      (chain) => {
        creep(0.03)(chain);
        chain.services.api.selfMs?.fill(Number.NaN, 0, 3 * DAY);
      },
      ACCEPTED,
    ],
    [
      'a constant and an empty series',
      (chain) => {
        chain.services.api.selfMs?.fill(7);
        chain.services.store.selfMs?.fill(Number.NaN);
        chain.services.front.requests?.fill(0);
      },
      ACCEPTED,
    ],
    [
      'columns that nobody sends',
      (chain) => {
        for (const name of ['front', 'api', 'store'] as const) delete chain.services[name].requests;
      },
      ACCEPTED,
    ],
    [
      'a service that goes by another name',
      (chain) => {
        for (const series of Object.values(chain.services.store)) series.fill(Number.NaN, 5 * DAY);
      },
      ACCEPTED,
    ],
  ])('with %s', (_, turn, accepted) => {
    expect(detect(makeChain(5, { turn }), accepted)).toEqual([]);
  });
});
