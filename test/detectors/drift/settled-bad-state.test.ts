import { describe, expect, it } from 'vitest';
import type { SystemHistory } from '../../../core/system-history.ts';
import { detectSettledBadState } from '../../../detectors/drift/settled-bad-state.ts';
import { viewSystem } from '../../../detectors/equal-load/system-view.ts';
import { cutHistory } from './cut-history.ts';
import { ACCEPTED, type Chain, DAY, makeChain, slow } from './make-history-chain.ts';

const detect = (history: SystemHistory, accepted = ACCEPTED) =>
  detectSettledBadState(viewSystem(history, accepted));
const ONSET = 5 * DAY + 600;
const END = 8 * DAY;

/** `value` from `from` on, in every minute. */
function fill(series: Float64Array | undefined, from: number, value: (old: number) => number, until = END) {
  for (let minute = from; minute < until; minute++) {
    (series as Float64Array)[minute] = value((series as Float64Array)[minute] as number);
  }
}
const since =
  (ratio: number, until = END) =>
  (minute: number) =>
    minute >= ONSET && minute < until ? ratio : 1;
const failing =
  (share: number, until = END) =>
  ({ services }: Chain) => {
    const requests = services.store.requests as Float64Array;
    let carried = 0;
    const errors = services.store.errors as Float64Array;
    for (let minute = ONSET; minute < until; minute++) {
      carried += share * (requests[minute] as number);
      errors[minute] = Math.floor(carried);
      carried -= Math.floor(carried);
    }
  };
const announce = (expects: string | null) => (chain: Chain) => {
  slow(chain, 'store', since(1.6));
  chain.changes.push({ minute: ONSET, service: 'store', summary: 'moved', expects });
  for (const service of ['api', 'front'])
    chain.changes.push({ minute: ONSET, service, summary: 'moved', expects });
};
/** The store is asked more than it can answer, and by it the api again. */
const retries = (chain: Chain) => {
  slow(chain, 'store', since(6));
  for (const edge of chain.edges)
    if (edge.to === 'store') fill(edge.attempts, ONSET / 10, (n) => 3 * n, END / 10);
  fill(chain.services.store.requests, ONSET, (n) => 3 * n);
};
const cacheLost = (chain: Chain) => {
  const requests = chain.services.api.requests as Float64Array;
  chain.services.api.cacheHits = requests.map((n, minute) => Math.round((minute >= ONSET ? 0.1 : 0.8) * n));
  chain.services.api.cacheMisses = requests.map((n, minute) => Math.round((minute >= ONSET ? 0.9 : 0.2) * n));
  slow(chain, 'store', since(5));
};
const breaker = (chain: Chain) => {
  const [, toStore] = chain.edges;
  for (const series of [toStore.calls, toStore.attempts]) fill(series, ONSET / 10, (n) => 0.01 * n, END / 10);
  fill(chain.services.store.requests, ONSET, (n) => 0.01 * n);
};
const breakerWithSignal = (chain: Chain) => {
  breaker(chain);
  const requests = chain.services.api.requests as Float64Array;
  for (let minute = ONSET; minute < END; minute++)
    (chain.services.api.fallbacks as Float64Array)[minute] = requests[minute] as number;
};
const pinned = (chain: Chain) => {
  const { api } = chain.services;
  const minutes = END;
  api.replicasMin = new Float64Array(minutes).fill(2);
  api.replicasMax = new Float64Array(minutes).fill(9);
  api.cpuTarget = new Float64Array(minutes).fill(0.6);
  api.cpuRatio = Float64Array.from({ length: minutes }, (_, minute) => (minute >= ONSET ? 0.75 : 0.55));
  api.replicas = Float64Array.from({ length: minutes }, (_, minute) =>
    minute >= ONSET && minute % DAY > DAY / 2 ? 9 : 4 + (Math.floor(minute / 200) % 2),
  );
};

describe('a bad state that settled', () => {
  it.each<[string, (chain: Chain) => void, { subject: string; code: string; within: number }]>([
    [
      'half as slow again, told within the hour',
      (chain) => slow(chain, 'store', since(2)),
      { subject: 'store', code: 'itself', within: 60 },
    ],
    [
      'a quarter slower, told within six hours',
      (chain) => slow(chain, 'store', since(1.25)),
      { subject: 'store', code: 'itself', within: 360 },
    ],
    ['half a per cent of errors', failing(0.005), { subject: 'store', code: 'itself', within: 360 }],
    ['a storm of retries', retries, { subject: 'store', code: 'retry-loop', within: 60 }],
    ['a cache that lost its contents', cacheLost, { subject: 'api', code: 'cache-loop', within: 60 }],
    ['a breaker that stays open', breakerWithSignal, { subject: 'api->store', code: 'itself', within: 60 }],
    ['the same without signals of it', breaker, { subject: 'api->store', code: 'itself', within: 180 }],
    ['a pool at its largest', pinned, { subject: 'api', code: 'itself', within: 1_500 }],
  ])('%s', (_, turn, { subject, code, within }) => {
    const [episode, ...others] = detect(makeChain(1, { turn }));
    expect(others).toEqual([]);
    expect(episode?.subject).toBe(subject);
    expect(episode?.reasons.map((reason) => reason.code)).toContain(code);
    expect(episode?.detectedMinute).toBeGreaterThan(ONSET);
    expect(episode?.detectedMinute).toBeLessThanOrEqual(ONSET + within);
    expect(episode?.confirmedMinute).not.toBeNull();
    expect(episode?.closedMinute).toBeNull();
  });

  it('names the loop of a storm, and what is tried how often', () => {
    const [episode] = detect(makeChain(1, { turn: retries }));
    expect(episode?.culprit).toMatch(/^api tries calls to store again/);
    expect(episode?.evidence['attemptsPerCall']).toEqual([{ from: 'api', to: 'store', now: 3, accepted: 1 }]);
  });

  it('has an interval around the truth', () => {
    const [episode] = detect(makeChain(6, { turn: (chain) => slow(chain, 'front', since(1.5)) }));
    // Own time is 20 of about 35 ms.
    expect(episode?.effect.lower).toBeGreaterThan(1.2);
    expect(episode?.effect.lower).toBeLessThan(episode?.effect.ratio as number);
    expect(episode?.effect.upper).toBeLessThan(1.36);
  });

  it.each<[string, (chain: Chain) => void]>([
    ['slow', (chain) => slow(chain, 'store', since(2, ONSET + DAY))],
    ['failing', failing(0.03, ONSET + DAY)],
  ])('of one that is %s closes a day after it is back, and no minute knows of later ones', (_, turn) => {
    const history = makeChain(2, { turn });
    const [episode, ...others] = detect(history);
    expect(others).toEqual([]);
    expect(episode?.closedMinute).toBeGreaterThan(ONSET + 2 * DAY - 180);
    expect(episode?.closedMinute).toBeLessThanOrEqual(ONSET + 2 * DAY);
    const { detectedMinute, closedMinute } = episode as NonNullable<typeof episode>;
    for (const minutes of [detectedMinute, detectedMinute + 500, closedMinute as number]) {
      expect(detect(cutHistory(history, minutes))).toEqual([
        { ...episode, closedMinute: minutes === closedMinute ? closedMinute : null },
      ]);
    }
    expect(detect(cutHistory(history, detectedMinute - 1))).toEqual([]);
  });
});

describe('what people announced', () => {
  it('is no fault', () => {
    expect(detect(makeChain(3, { turn: announce('60 % slower') }))).toEqual([]);
  });
  it('explains nothing where it was to change nothing', () => {
    expect(detect(makeChain(3, { turn: announce(null) })).map(({ subject }) => subject)).toEqual(['store']);
  });
  it('does not explain what gets worse later', () => {
    const turn = (chain: Chain) => {
      announce('60 % slower')(chain);
      slow(chain, 'store', (minute) => (minute >= ONSET + DAY ? 2 : 1));
    };
    const [episode] = detect(makeChain(3, { turn }));
    expect(episode?.onsetMinute).toBeGreaterThanOrEqual(ONSET + DAY - 30);
  });
});

describe('nothing is said', () => {
  it('of healthy systems', () => {
    expect(Array.from({ length: 12 }, (_, seed) => detect(makeChain(200 + seed))).flat()).toEqual([]);
  });

  it.each<[string, (chain: Chain) => void, typeof ACCEPTED]>([
    ['an accepted period of less than four days', retries, { fromMinute: 0, untilMinute: 3 * DAY }],
    ['a fault of a quarter of an hour', (chain) => slow(chain, 'store', since(8, ONSET + 15)), ACCEPTED],
    [
      'one dependency that is down',
      (chain) => {
        breaker(chain);
        const [, toStore] = chain.edges;
        for (let step = ONSET / 10; step < END / 10; step++)
          toStore.failures[step] = toStore.attempts[step] as number;
      },
      ACCEPTED,
    ],
    [
      'one that is gone, or goes by another name',
      (chain) => {
        for (const series of Object.values(chain.services.store)) series.fill(Number.NaN, ONSET);
        for (const series of [chain.edges[1].calls, chain.edges[1].attempts]) series.fill(0, ONSET / 10);
      },
      ACCEPTED,
    ],
    [
      'gaps, constant and empty series',
      (chain) => {
        for (const series of Object.values(chain.services.front)) series.fill(Number.NaN, ONSET);
        chain.services.api.p50Ms?.fill(10);
        chain.services.api.meanMs?.fill(10);
        for (const series of Object.values(chain.services.store)) series.fill(0);
      },
      ACCEPTED,
    ],
    [
      'a small pool that its autoscaler holds at a size not seen at that load',
      (chain) => {
        const { store } = chain.services;
        store.replicas = Float64Array.from({ length: END }, (_, minute) =>
          minute >= ONSET && minute < ONSET + 400 ? 2 : 3 + (Math.floor(minute / 30) % 2),
        );
        store.cpuRatio = new Float64Array(END).fill(0.6);
        for (const one of [chain.services.store]) {
          fill(one.meanMs, ONSET, (ms) => 1.3 * ms, ONSET + 400);
          fill(one.p50Ms, ONSET, (ms) => 1.3 * ms, ONSET + 400);
        }
      },
      ACCEPTED,
    ],
    [
      'a service of a few requests a minute, one of which failed',
      (chain) => {
        chain.services.store.requests?.fill(2);
        for (const hour of [1, 2, 3, 4, 5])
          (chain.services.store.errors as Float64Array)[ONSET + 60 * hour] = 1;
      },
      ACCEPTED,
    ],
  ])('with %s', (_, turn, accepted) => {
    expect(detect(makeChain(5, { turn }), accepted)).toEqual([]);
  });

  it('where the reference was taken in the same bad state', () => {
    expect(detect(makeChain(7, { turn: (chain) => slow(chain, 'store', () => 3) }))).toEqual([]);
  });
});
