import { describe, expect, test } from 'vitest';
import type { DriftEpisode } from '../../../core/drift-episode.ts';
import type { MaskSeries } from '../../../core/mask-metrics.ts';
import type { SystemHistory } from '../../../core/system-history.ts';
import { detectMaskedFailure } from '../../../detectors/drift/masked-failure.ts';
import { viewSystem } from '../../../detectors/equal-load/system-view.ts';
import { runCount } from '../../run-count.ts';
import { ACCEPTED, cutAt, DAY, makeShop, type Shop, scale } from './make-history-shop.ts';

const ONSET = 4.5 * DAY;
const STEP = ONSET / 10;

function detect(history: SystemHistory, accepted = ACCEPTED): DriftEpisode[] {
  return detectMaskedFailure(viewSystem(history, accepted));
}

/** A share of the calls of an edge fails, from a step on. */
function fail(
  shop: Shop,
  edge: 0 | 1 | 2,
  share: number,
  how: 'retried' | 'final',
  from = STEP,
  until = 1e9,
): void {
  const { calls, attempts, failures } = shop.edges[edge];
  for (let step = from; step < Math.min(until, calls.length); step++) {
    const failed = Math.round(share * (calls[step] as number));
    failures[step] = (failures[step] as number) + failed;
    if (how === 'retried') attempts[step] = (attempts[step] as number) + failed;
  }
}

/** So much of the calls of front to store is left. */
function leaveOut({ edges: [, , { calls, attempts, failures }] }: Shop, left: number): void {
  for (const values of [calls, attempts, failures]) scale(values, STEP, left);
}

function every(values: Float64Array | undefined, minutes: number, value = 1): void {
  for (let minute = ONSET; minute < (values?.length ?? 0); minute += minutes)
    (values as Float64Array)[minute] = value;
}

const MASKS: readonly [string, (shop: Shop) => void, string, string, number][] = [
  ['retries', (shop) => fail(shop, 0, 0.05, 'retried'), 'api', 'retries', 200],
  [
    'final failures the caller swallows',
    (shop) => fail(shop, 1, 0.1, 'final'),
    'api->store',
    'answers given in spite of failed calls',
    200,
  ],
  [
    'fallback answers',
    ({ front }) => scale(front.fallbacks?.fill(20, ONSET), ONSET, 1),
    'front',
    'fallback answers',
    200,
  ],
  ['stale answers', ({ api }) => scale(api.staleAnswers, ONSET, 12), 'api', 'stale answers', 200],
  [
    'a call that is left out',
    (shop) => leaveOut(shop, 0.1),
    'front->store',
    'answers given without the call',
    200,
  ],
  [
    'replicas that are not ready',
    ({ store }) => scale(store.replicasReady, ONSET, 0.5),
    'store',
    'the replicas that are left',
    200,
  ],
  ['restarts', ({ store }) => every(store.restarts, 40), 'store', 'restarts', 400],
  [
    'a breaker that opens and closes',
    ({ front }) => every(front.breakerOpen, 40),
    'front',
    'a circuit breaker',
    400,
  ],
];

describe('what is masked is found, named and explained', () => {
  test.each(MASKS)('%s', (_, turn, subject, hiddenBy, delayMinutesMax) => {
    const episodes = detect(makeShop(1, { turn }));
    expect(episodes).toMatchObject([
      { kind: 'masked-failure', subject, hiddenBy: [hiddenBy], closedMinute: null },
    ]);
    const [{ detectedMinute, confirmedMinute, effect, reasons }] = episodes as [DriftEpisode];
    expect(detectedMinute).toBeGreaterThan(ONSET);
    expect(detectedMinute).toBeLessThanOrEqual(ONSET + delayMinutesMax);
    expect(confirmedMinute).toBeGreaterThan(detectedMinute);
    expect(effect.lower).toBeGreaterThan(1);
    expect(effect.ratio).toBeLessThanOrEqual(effect.upper);
    expect(reasons.map(({ code }) => code)).toEqual(expect.arrayContaining(['how_sure', 'what_to_do']));
  });

  test('one cause is one episode: a breaker shows as fallbacks and as calls left out', () => {
    const turn = (shop: Shop) => {
      shop.front.fallbacks?.fill(30, ONSET);
      leaveOut(shop, 0.05);
    };
    const episodes = detect(makeShop(2, { turn }));
    expect(episodes).toMatchObject([{ subject: 'front->store' }]);
    expect(episodes[0]?.hiddenBy).toHaveLength(2);
  });

  test('of failures that pass through several services the one that explains the others is named', () => {
    const turn = (shop: Shop) => {
      fail(shop, 0, 0.05, 'retried');
      fail(shop, 1, 0.4, 'retried');
    };
    expect(detect(makeShop(3, { turn })).map(({ subject }) => subject)).toEqual(['store']);
  });

  test('a cache that hardly answers any more is named, not the store it overruns', () => {
    const turn = (shop: Shop) => {
      scale(shop.api.cacheHits, ONSET, 0.05);
      scale(shop.api.cacheMisses, ONSET, 3);
      scale(shop.edges[1].calls, STEP, 3);
      fail(shop, 1, 0.7, 'final');
    };
    expect(detect(makeShop(4, { turn })).map(({ subject }) => subject)).toEqual(['api']);
  });
});

describe('what libraries of callers count', () => {
  /** All that front says of the callee, as in the accepted period; `now` from the onset on. */
  const says = (shop: Shop, to: string, name: MaskSeries, [before, now]: [number, number]) => {
    const values = (shop.front.requests as Float64Array).map((_, minute) =>
      (minute < ONSET ? before : now) > shop.random() ? 1 : 0,
    );
    shop.masks.push({ from: 'front', to, series: { [name]: values } });
    return values;
  };

  test('retries that no span shows are found at the callee', () => {
    const turn = (shop: Shop) => scale(says(shop, 'api', 'retries', [0.3, 1]), ONSET, 15);
    expect(detect(makeShop(1, { turn }))).toMatchObject([{ subject: 'api', hiddenBy: ['retries'] }]);
  });

  test('calls that a breaker refuses are hidden where the caller answers, and seen where it fails', () => {
    const refused = (errors: number) => (shop: Shop) => {
      scale(says(shop, 'recs', 'callsRefused', [0, 1]), ONSET, 30);
      shop.front.errors?.fill(errors, ONSET);
    };
    expect(detect(makeShop(1, { turn: refused(0) }))).toMatchObject([
      { subject: 'front->recs', hiddenBy: ['answers given though a breaker refused the call'] },
    ]);
    expect(detect(makeShop(1, { turn: refused(30) }))).toEqual([]);
  });

  test('hosts that a proxy ejects are a pool that is smaller than it seems', () => {
    const turn = (shop: Shop) => {
      const endpoints = new Float64Array(shop.users.ok.length).fill(3);
      shop.masks.push({
        from: 'front',
        to: 'api',
        series: { endpoints, endpointsEjected: endpoints.map((_, minute) => (minute < ONSET ? 0 : 1)) },
      });
    };
    expect(detect(makeShop(1, { turn }))).toMatchObject([
      { subject: 'front->api', hiddenBy: ['the replicas that are left'] },
    ]);
  });

  test('a breaker is named with what is behind it, once', () => {
    const turn = (shop: Shop) => {
      every(shop.front.breakerOpen, 40);
      shop.masks.push({
        from: 'front',
        to: 'recs',
        series: { breakerOpen: shop.front.breakerOpen as Float64Array },
      });
    };
    const episodes = detect(makeShop(1, { turn }));
    expect(episodes).toMatchObject([{ subject: 'front->recs', hiddenBy: ['a circuit breaker'] }]);
    expect(episodes[0]?.evidence['ledger']).toHaveLength(1);
  });

  test('as it was accepted is no finding', () => {
    const turn = (shop: Shop) => {
      for (const name of ['retries', 'callsRefused', 'breakerOpen'] as const)
        says(shop, 'api', name, [0.3, 0.3]);
    };
    expect(detect(makeShop(1, { turn }))).toEqual([]);
  });
});

describe('an episode ends when it is over, not when it is old', () => {
  test('a day inside closes it', () => {
    const history = makeShop(5, { turn: (shop) => fail(shop, 0, 0.05, 'retried', STEP, STEP + 60) });
    const [episode] = detect(history);
    expect(episode?.closedMinute).toBeGreaterThanOrEqual(ONSET + 600 + DAY);
    expect(episode?.closedMinute).toBeLessThanOrEqual(ONSET + 600 + DAY + 60);
  });

  test('minutes that are not known do not', () => {
    const history = makeShop(5, {
      turn: (shop) => {
        fail(shop, 0, 0.05, 'retried', STEP, STEP + 60);
        shop.edges[0].calls.fill(Number.NaN, STEP + 60);
      },
    });
    expect(detect(history)).toMatchObject([{ closedMinute: null }]);
  });
});

describe('no alarm', () => {
  test('in quiet systems of ten days: less than 0.02 episodes a service-week', () => {
    const systems = runCount({ suite: 12, long: 80 });
    let episodes = 0;
    for (let seed = 100; seed < 100 + systems; seed++)
      episodes += detect(makeShop(seed, { days: 10 })).length;
    // 3 services and 6 days each.
    expect(episodes).toBeLessThanOrEqual(0.02 * systems * 3 * (6 / 7));
  });

  test('of a quarter of an hour, however bad', () => {
    expect(detect(makeShop(6, { turn: (shop) => fail(shop, 0, 0.9, 'retried', STEP, STEP + 2) }))).toEqual(
      [],
    );
  });

  test.each<[string, (shop: Shop) => void, typeof ACCEPTED]>([
    [
      'an accepted period of three days',
      (shop) => fail(shop, 0, 0.05, 'retried'),
      { fromMinute: 0, untilMinute: 3 * DAY },
    ],
    ['a fault that the accepted period had too', (shop) => fail(shop, 0, 0.05, 'retried', 300), ACCEPTED],
    [
      'an accepted period of which little is known',
      ({ edges }) => edges[0].calls.fill(Number.NaN, 0, 400),
      ACCEPTED,
    ],
    [
      'series that are empty',
      ({ front }) => Object.assign(front, { fallbacks: new Float64Array(0), restarts: new Float64Array(0) }),
      ACCEPTED,
    ],
    ['series that are constant', ({ api }) => api.staleAnswers?.fill(7), ACCEPTED],
    [
      'a service that goes silent',
      ({ store }) => {
        for (const values of Object.values(store)) values.fill(Number.NaN, ONSET);
      },
      ACCEPTED,
    ],
    [
      'counters of one restart after days of none',
      ({ store }) => store.restarts?.fill(0).fill(1, ONSET, ONSET + 1),
      ACCEPTED,
    ],
  ])('%s', (_, turn, accepted) => {
    expect(detect(makeShop(7, { turn }), accepted)).toEqual([]);
  });

  test('a service that appears has no accepted period', () => {
    const history = makeShop(8);
    const series = { restarts: new Float64Array(history.minutes).fill(Number.NaN).fill(1, ONSET) };
    const services = new Map([...history.services, ['new', { name: 'new', series }] as const]);
    expect(detect({ ...history, services })).toEqual([]);
    expect(detect({ ...history, services: new Map(), edges: [], users: null })).toEqual([]);
  });

  test('for six hours after an announced change; what stays after that was not announced', () => {
    const announced = (expects: string | null) =>
      makeShop(9, {
        turn: (shop) => {
          fail(shop, 0, 0.05, 'retried');
          shop.changes.push({ minute: ONSET, service: 'api', summary: 'a change', expects });
        },
      });
    const [routine] = detect(announced(null));
    const [expected] = detect(announced('retries for a while'));
    expect(routine?.detectedMinute).toBeLessThan(ONSET + 200);
    expect(expected?.detectedMinute).toBeGreaterThan(ONSET + 360);
  });
});

test('nothing later is used: a history that ends earlier says the same up to there', () => {
  const history = makeShop(10, {
    turn: (shop) => {
      fail(shop, 0, 0.05, 'retried', STEP, STEP + 70);
      every(shop.store.restarts, 40);
    },
  });
  const whole = detect(history);
  expect(whole.length).toBeGreaterThan(0);
  const minutes = [ONSET, ONSET + 125, ONSET + 187, ONSET + 300, ONSET + 2000, ONSET + 2531];
  for (const minute of minutes) {
    const until = (at: number | null) => (at !== null && at <= minute ? at : null);
    const known = whole
      .filter(({ detectedMinute }) => detectedMinute <= minute)
      .map((one) => ({
        ...one,
        confirmedMinute: until(one.confirmedMinute),
        closedMinute: until(one.closedMinute),
      }));
    expect(detect(cutAt(history, minute))).toEqual(known);
  }
});
