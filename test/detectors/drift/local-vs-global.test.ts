import { describe, expect, test } from 'vitest';
import type { DriftEpisode } from '../../../core/drift-episode.ts';
import type { DesignIntent, SystemHistory } from '../../../core/system-history.ts';
import { detectLocalVsGlobal } from '../../../detectors/drift/local-vs-global.ts';
import { viewSystem } from '../../../detectors/equal-load/system-view.ts';
import { runCount } from '../../run-count.ts';
import { ACCEPTED, cutAt, DAY, makeShop, NO_INTENT, type Shop, scale } from './make-history-shop.ts';

const ONSET = 4.5 * DAY;
const STEP = ONSET / 10;
const DAYS = 8;
/** Between two settings of a knob. */
const EVERY = 480;

const INTENT: DesignIntent = {
  ...NO_INTENT,
  objectives: {
    global: [{ metric: 'p99_ms', min: null, max: null, ratioToReferenceMax: 1.15 }],
    local: [{ actor: 'sizer', subject: 'api', metric: 'cost', wants: 'less' }],
  },
};

const NOTHING_GLOBAL: DesignIntent = {
  ...INTENT,
  objectives: { ...INTENT.objectives, global: [] },
};

function detect(history: SystemHistory, accepted = ACCEPTED): DriftEpisode[] {
  return detectLocalVsGlobal(viewSystem(history, accepted));
}

function act(shop: Shop, times: number, actor = 'sizer'): void {
  for (let k = 0; k < times; k++) {
    const minute = ONSET + k * EVERY;
    shop.actions.push({
      minute,
      actor,
      service: 'api',
      kind: 'set',
      to: 0.6 + 0.04 * k,
      decisionId: `d${k}`,
    });
  }
}

/** Each setting saves api so much, step by step. */
function gain(shop: Shop, times: number, by: number): void {
  for (let k = 0; k < times; k++) scale(shop.api.cost, ONSET + k * EVERY, by);
}

/** Each setting makes users wait longer, for one edge of the front. */
function lose(shop: Shop, times: number, by: number, edge: 0 | 2): void {
  for (let k = 0; k < times; k++) {
    for (const values of [shop.users.p50Ms, shop.users.p99Ms]) scale(values, ONSET + k * EVERY, by);
    scale(shop.edges[edge].latencyMs, STEP + (k * EVERY) / 10, by * by);
  }
}

function trade(shop: Shop, times = 5, actor = 'sizer'): void {
  act(shop, times, actor);
  gain(shop, times, 0.95);
  lose(shop, times, 1.04, 0);
}

test('an actor that saves at the cost of users is named, with what it turned', () => {
  const [episode, ...more] = detect(makeShop(1, { days: DAYS, intent: INTENT, turn: trade }));
  expect(more).toEqual([]);
  expect(episode).toMatchObject({
    kind: 'local-vs-global',
    subject: 'api',
    culprit: 'sizer',
    actors: ['sizer'],
    onsetMinute: ONSET,
    closedMinute: null,
    effect: { metric: 'users p99_ms', atEqualLoad: true },
  });
  expect(episode?.detectedMinute).toBeLessThanOrEqual(ONSET + 36 * 60);
  expect(episode?.confirmedMinute).toBeGreaterThan(episode?.detectedMinute ?? Number.NaN);
  expect(episode?.effect.lower).toBeGreaterThan(1.03);
  expect(episode?.decisions).toEqual(expect.arrayContaining(['d0', 'd1', 'd2']));
  expect(episode?.reasons.map(({ code }) => code)).toEqual([
    'own_objective_better',
    'global_objective_worse',
    'how_sure',
    'what_to_do',
  ]);
});

test('where its objective is not declared it is inferred from what improved, and no more than suspected', () => {
  const turn = (shop: Shop) => trade(shop, 9);
  const intent = { ...INTENT, objectives: { ...INTENT.objectives, local: [] } };
  const episodes = detect(makeShop(2, { days: 10, intent, turn }));
  expect(episodes).toMatchObject([{ subject: 'api', culprit: 'sizer', confirmedMinute: null }]);
  expect(episodes[0]?.reasons.map(({ code }) => code)).toContain('objective_inferred');
});

test('what a knob is commonly turned for stands in where its owner says nothing, as a suspicion', () => {
  const turn = (shop: Shop) => {
    trade(shop, 5, 'stranger');
    shop.api.cpuTarget = Float64Array.from(shop.api.cost ?? [], (_, minute) =>
      minute < ONSET ? 0.5 : 0.6 + 0.04 * Math.min(4, Math.floor((minute - ONSET) / EVERY)),
    );
  };
  const episodes = detect(makeShop(8, { days: DAYS, intent: INTENT, turn }));
  expect(episodes).toMatchObject([{ subject: 'api', culprit: 'stranger', confirmedMinute: null }]);
  expect(episodes[0]?.evidence['own']).toMatchObject({ metric: 'cost', inferredFrom: 'knob' });
});

test('where nobody measures users the service they come in by stands for them, as a suspicion', () => {
  const turn = (shop: Shop) => {
    trade(shop);
    for (let k = 0; k < 5; k++) scale(shop.front.p99Ms, ONSET + k * EVERY, 1.04);
  };
  const history = makeShop(3, { days: DAYS, intent: NOTHING_GLOBAL, turn });
  expect(detect({ ...history, users: null })).toMatchObject([{ subject: 'api', confirmedMinute: null }]);
});

test('it closes when users have what they had for a day', () => {
  const back = ONSET + 2.5 * DAY;
  const turn = (shop: Shop) => {
    trade(shop);
    for (const values of [shop.users.p50Ms, shop.users.p99Ms]) scale(values, back, 1.04 ** -5);
  };
  const [episode] = detect(makeShop(4, { days: 10, intent: INTENT, turn }));
  expect(episode?.closedMinute).toBeGreaterThan(back + DAY);
  expect(episode?.closedMinute).toBeLessThanOrEqual(back + 2 * DAY + 360);
});

describe('no alarm', () => {
  test.each<[string, (shop: Shop) => void]>([
    [
      'an actor that helps itself and harms nobody',
      (shop) => {
        act(shop, 5);
        gain(shop, 5, 0.95);
      },
    ],
    [
      'a loss without a gain',
      (shop) => {
        act(shop, 5);
        lose(shop, 5, 1.04, 0);
      },
    ],
    [
      'a loss that passes by another service',
      (shop) => {
        act(shop, 5);
        gain(shop, 5, 0.95);
        lose(shop, 5, 1.04, 2);
      },
    ],
    [
      'a loss that was there before the actor acted',
      (shop) => {
        act(shop, 5);
        gain(shop, 5, 0.95);
        for (const values of [shop.users.p50Ms, shop.users.p99Ms]) scale(values, ONSET - DAY, 1.1);
        scale(shop.edges[0].latencyMs, STEP - DAY / 10, 1.1);
      },
    ],
    [
      'a mix of requests that is slower, each as fast as ever',
      (shop) => {
        act(shop, 5);
        gain(shop, 5, 0.95);
        // Users wait 14 % longer: front asks api half as often again. A grain slower api alone would be a loss.
        for (const values of [shop.users.p50Ms, shop.users.p99Ms]) scale(values, ONSET, 1.14);
        for (const values of [shop.edges[0].calls, shop.edges[0].attempts]) scale(values, STEP, 1.5);
        scale(shop.edges[0].latencyMs, STEP, 1.005);
      },
    ],
    ['an actor that nobody knows anything of', (shop) => trade(shop, 5, 'stranger')],
    [
      'a trade of which nobody sends the gain',
      (shop) => {
        trade(shop);
        shop.api.cost?.fill(Number.NaN);
      },
    ],
    [
      'users that are known for a quarter of the time',
      (shop) => {
        trade(shop);
        for (const values of Object.values(shop.users))
          for (let i = 0; i < values.length; i++) if (i % 4) values[i] = Number.NaN;
      },
    ],
  ])('%s', (_, turn) => {
    expect(detect(makeShop(5, { days: DAYS, intent: INTENT, turn }))).toEqual([]);
  });

  test('an accepted period of three days cannot say', () => {
    const history = makeShop(6, { days: DAYS, intent: INTENT, turn: trade });
    expect(detect(history, { fromMinute: 0, untilMinute: 3 * DAY })).toEqual([]);
  });

  test('of automations that act on systems where nothing changes', () => {
    const turn = (shop: Shop) => {
      act(shop, 10);
      act(shop, 10, 'another');
    };
    for (let seed = 200; seed < 200 + runCount({ suite: 6, long: 60 }); seed++) {
      expect(detect(makeShop(seed, { days: 10, intent: INTENT, turn }))).toEqual([]);
    }
  });
});

test('nothing later is used: a history that ends earlier says the same up to there', () => {
  const history = makeShop(7, {
    days: 10,
    intent: INTENT,
    turn: (shop) => {
      trade(shop);
      for (const values of [shop.users.p50Ms, shop.users.p99Ms]) scale(values, ONSET + 2.5 * DAY, 1.04 ** -5);
    },
  });
  const whole = detect(history);
  expect(whole).toHaveLength(1);
  for (const minute of [ONSET + 1600, ONSET + 1980, ONSET + 2200, ONSET + 3555, ONSET + 6000, ONSET + 7000]) {
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
