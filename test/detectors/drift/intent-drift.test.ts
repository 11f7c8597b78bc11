import { describe, expect, it } from 'vitest';
import type { DesignIntent, SystemHistory } from '../../../core/system-history.ts';
import { detectIntentDrift } from '../../../detectors/drift/intent-drift.ts';
import { viewSystem } from '../../../detectors/equal-load/system-view.ts';
import { expectCausal } from './expect-causal.ts';
import {
  DAY,
  dailyLoad,
  edgeOf,
  historyWith,
  MINUTES,
  minutesOf,
  NO_INTENT,
  stepsOf,
  viewWith,
} from './make-history-settings.ts';

const AT = 6 * DAY;
const service = { replicasMin: 2, replicasMax: 10, cpuTarget: 0.6, cpuLimitCores: 0.5, isAutoscaled: true };
const intent: DesignIntent = {
  ...NO_INTENT,
  edges: [
    { from: 'web', to: 'search' },
    { from: 'web', to: 'cart' },
  ],
  services: new Map([['search', service]]),
  retryBudgetRatio: 0.2,
  caches: [{ service: 'search', ttlSMax: 180, staleRatioMax: 0.03 }],
  poolShares: [{ service: 'search', min: 0.2, max: 0.5 }],
  fallbacks: [{ edge: 'web->search', ratioMax: 0.02, continuousMinutesMax: 60 }],
};
const find = (...[services, rest]: Parameters<typeof historyWith>) =>
  detectIntentDrift(viewWith(services, { intent, ...rest }));
const limit = (valueAt: (minute: number) => number) => ({ search: { cpuLimitCores: minutesOf(valueAt) } });
const web = { web: { requests: dailyLoad(1) } };
const calls = (perRequest: (minute: number) => number) =>
  stepsOf((minute) => 6_000 * (1 + 0.4 * Math.sin((2 * Math.PI * minute) / DAY)) * perRequest(minute));
const codes = (episodes: ReturnType<typeof detectIntentDrift>) =>
  episodes.map(({ subject, detectedMinute, reasons }) => [subject, detectedMinute, reasons[0]?.code]);
const announced = (minute: number): Partial<SystemHistory> => ({
  changes: [{ minute, service: 'search', summary: 'larger machines', expects: 'twice the cores' }],
});

describe('settings', () => {
  it('finds one that is off for an hour', () => {
    expect(codes(find(limit((minute) => (minute >= AT ? 0.6 : 0.5))))).toEqual([
      ['search', AT + 59, 'setting-out-of-bounds'],
    ]);
  });

  it('suspects steps one way before they are out of bounds', () => {
    const [episode] = find(limit((minute) => 0.5 * 1.04 ** Math.max(0, Math.floor((minute - AT) / DAY) + 1)));
    expect(episode).toMatchObject({ detectedMinute: AT + DAY + 59, confirmedMinute: AT + 2 * DAY + 59 });
  });

  it.each([
    ['within the tolerance', limit((minute) => (minute >= AT ? 0.54 : 0.5)), {}],
    ['to and fro', limit((minute) => (minute >= AT && minute % DAY < 720 ? 0.54 : 0.5)), {}],
    ['for less than an hour', limit((minute) => (minute >= AT && minute < AT + 50 ? 1 : 0.5)), {}],
    ['as announced', limit((minute) => (minute >= AT + 10 ? 1 : 0.5)), announced(AT)],
    ['unknown', limit(() => Number.NaN), {}],
  ])('accepts one that is %s', (_, services, rest) => {
    expect(find(services, rest)).toEqual([]);
  });

  it('holds what came later than an announced change against it', () => {
    const values = (minute: number) => (minute >= AT + DAY ? 1.5 : minute >= AT ? 1 : 0.5);
    expect(codes(find(limit(values), announced(AT)))).toEqual([
      ['search', AT + DAY + 59, 'setting-out-of-bounds'],
    ]);
  });

  it('knows where a change left it that was announced before all that is read', () => {
    const later = (valueAt: (minute: number) => number, rest = {}) => {
      const levels = { 'usual cpuLimitCores of search': 0.5 };
      const accepted = { fromMinute: -12 * DAY, untilMinute: 2 * DAY };
      return codes(
        detectIntentDrift(viewSystem(historyWith(limit(valueAt), { intent, ...rest }), accepted, { levels })),
      );
    };
    const whenJudged = [['search', 2 * DAY + 59, 'setting-out-of-bounds']];
    expect(later(() => 1)).toEqual(whenJudged);
    expect(later(() => 1, announced(-5 * DAY))).toEqual([]);
    expect(later((minute) => (minute < DAY ? 1 : 1.5), announced(-5 * DAY))).toEqual(whenJudged);
  });

  it('does no more than suspect where no file says anything', () => {
    const services = { cart: { cpuLimitCores: minutesOf((minute) => (minute >= AT ? 1 : 0.5)) } };
    expect(find(services)).toMatchObject([{ subject: 'cart', confirmedMinute: null }]);
    const changes = [{ minute: AT, service: 'cart', summary: 'routine', expects: null }];
    expect(find(services, { changes })).toEqual([]);
  });

  it('closes after a day inside', () => {
    const [episode] = find(limit((minute) => (minute >= AT && minute < AT + 300 ? 1 : 0.5)));
    expect(episode).toMatchObject({ detectedMinute: AT + 59, closedMinute: AT + 300 + DAY - 1 });
  });
});

describe('edges', () => {
  const usual = edgeOf(
    'web',
    'search',
    calls(() => 0.7),
  );

  it('suspects an undeclared one after three hours, and is sure after six', () => {
    const added = edgeOf(
      'web',
      'db',
      calls((minute) => (minute >= AT ? 0.01 : 0)),
    );
    const [episode, ...more] = find(web, { edges: [usual, added] });
    expect(more).toEqual([]);
    expect(episode?.subject).toBe('web->db');
    expect(episode?.detectedMinute).toBeLessThan(AT + 200);
    expect(episode?.confirmedMinute).toBe((episode?.detectedMinute as number) + 180);
  });

  it('finds one that is hardly used any more, and names who calls', () => {
    const [episode] = find(web, {
      edges: [
        edgeOf(
          'web',
          'search',
          calls((minute) => (minute >= AT ? 0.01 : 0.7)),
        ),
      ],
    });
    expect(episode).toMatchObject({ subject: 'web', reasons: [{ code: 'edge-unused' }] });
    expect(episode?.detectedMinute).toBeLessThan(AT + 180);
  });

  it.each([
    [
      'a handful of calls',
      [
        usual,
        edgeOf(
          'web',
          'db',
          stepsOf((minute) => (minute >= AT ? 5 : 0)),
        ),
      ],
    ],
    [
      'an hour of calls',
      [
        usual,
        edgeOf(
          'web',
          'db',
          stepsOf((m) => (m >= AT && m < AT + 60 ? 500 : 0)),
        ),
      ],
    ],
    [
      'an edge of the night alone',
      [
        edgeOf(
          'web',
          'cart',
          calls((m) => (m % DAY < 300 ? 0.5 : 0)),
        ),
      ],
    ],
    [
      'nothing known',
      [
        edgeOf(
          'web',
          'search',
          stepsOf(() => Number.NaN),
        ),
      ],
    ],
  ])('says nothing of %s', (_, edges) => {
    expect(find(web, { edges })).toEqual([]);
  });

  it('finds more retries than the budget allows', () => {
    const edge = edgeOf(
      'web',
      'search',
      calls(() => 0.7),
    );
    const attempts = edge.calls.map((n, step) => n * (step * 10 >= AT ? 2 : 1.01));
    expect(codes(find(web, { edges: [{ ...edge, attempts }] }))).toMatchObject([
      ['web', AT + 69, 'retry-budget'],
    ]);
  });

  it('finds fallbacks that last', () => {
    const requests = dailyLoad(1);
    const fallbacks = (until: number) =>
      requests.map((n, minute) => (minute >= AT && minute < until ? 0.1 * n : 0));
    const found = (until: number) =>
      codes(find({ web: { requests, fallbacks: fallbacks(until) } }, { edges: [usual] }));
    expect(found(AT + 50)).toEqual([]);
    expect(found(MINUTES)).toEqual([['web', AT + 59, 'fallback-limit']]);
  });
});

describe('forbidden edges', () => {
  const forbids = { ...intent, forbiddenEdges: [{ from: '*', to: 'db', except: ['cart'] }] };
  const toDb = (from: string, since: number, perStep = 5) =>
    edgeOf(
      from,
      'db',
      stepsOf((minute) => (minute >= since ? perStep : 0)),
    );

  it('are suspected in half an hour and sure in one, however few the calls', () => {
    expect(find(web, { intent: forbids, edges: [toDb('web', AT)] })).toMatchObject([
      {
        subject: 'web->db',
        detectedMinute: AT + 29,
        confirmedMinute: AT + 59,
        reasons: [{ code: 'forbidden-edge', text: expect.stringContaining('the intent forbids') }],
      },
    ]);
  });

  it('are held against nobody who is excepted, nor for two calls', () => {
    const edges = [
      toDb('cart', AT),
      edgeOf(
        'web',
        'db',
        stepsOf((minute) => (minute === AT ? 2 : 0)),
      ),
    ];
    expect(find(web, { intent: forbids, edges })).toEqual([]);
  });

  it('are not meant because they were accepted or announced', () => {
    expect(find(web, { intent: forbids, edges: [toDb('web', 0)], ...announced(AT) })).toMatchObject([
      { subject: 'web->db', reasons: [{ code: 'forbidden-edge' }] },
    ]);
  });
});

describe('a file that is out of date', () => {
  const outOfDate = (subject: string) => [
    { subject, confirmedMinute: null, confidence: 0.5, reasons: [{ code: 'INTENT_OUT_OF_DATE' }] },
  ];
  const usual = edgeOf(
    'web',
    'search',
    calls(() => 0.7),
  );

  const TOLD = 8 * DAY;
  const LATER = TOLD + DAY / 2;
  /** One day is accepted: a week later the file has not been written anew. */
  const findLate = (...[services, rest]: Parameters<typeof historyWith>) =>
    detectIntentDrift(
      viewSystem(historyWith(services, { intent, ...rest }), { fromMinute: 0, untilMinute: DAY }),
    );

  it('is suspected where a setting was otherwise when it was accepted, until it is as the file says', () => {
    const [episode, ...more] = findLate(limit((minute) => (minute < LATER ? 0.8 : 0.5)));
    expect([episode]).toMatchObject(outOfDate('search'));
    expect(more).toEqual([]);
    expect(episode?.detectedMinute).toBe(TOLD + 59);
    expect(episode?.closedMinute).toBe(LATER + DAY - 1);
    // Nothing is said within the week.
    expect(find(limit(() => 0.8))).toEqual([]);
  });

  it('is another matter than a setting that moves away from both', () => {
    expect(codes(findLate(limit((minute) => (minute < LATER ? 0.8 : 1))))).toMatchObject([
      ['search', TOLD + 59, 'INTENT_OUT_OF_DATE'],
      ['search', LATER + 59, 'setting-out-of-bounds'],
    ]);
  });

  it('is suspected of a call that was made all through the accepted period', () => {
    const old = edgeOf(
      'web',
      'db',
      calls(() => 0.1),
    );
    expect(findLate(web, { edges: [usual, old] })).toMatchObject(outOfDate('web->db'));
    // Nobody declared any topology: there is no file to be old.
    expect(findLate(web, { edges: [usual, old], intent: { ...intent, edges: null } })).toEqual([]);
  });

  it('is suspected where a service goes by another name', () => {
    const renamed = (until: number) => [
      edgeOf(
        'web',
        'search',
        calls((minute) => (minute < AT || minute >= until ? 0.7 : 0)),
      ),
      edgeOf(
        'web',
        'search-v2',
        calls((minute) => (minute < AT ? 0 : 0.7)),
      ),
    ];
    const episodes = find(web, { edges: renamed(MINUTES) });
    expect(episodes).toMatchObject(outOfDate('web->search-v2'));
    expect(episodes[0]?.detectedMinute).toBeLessThan(AT + 13 * 60);
    // The old name is back: both are there, and nothing was renamed.
    expect(codes(find(web, { edges: renamed(AT + 600) })).map(([, , code]) => code)).not.toContain(
      'INTENT_OUT_OF_DATE',
    );
    expectCausal(
      detectIntentDrift,
      historyWith(web, { intent, edges: renamed(MINUTES) }),
      Array.from({ length: 12 }, (_, i) => AT + 700 + 20 * i),
    );
  });

  it('is suspected of a limit that half of the accepted period was beyond', () => {
    const attempts = usual.calls.map((n) => 1.5 * n);
    expect(findLate(web, { edges: [{ ...usual, attempts }] })).toMatchObject(outOfDate('web'));
    expect(find(web, { edges: [{ ...usual, attempts }] })).toEqual([]);
  });
});

describe('tolerance', () => {
  it.each([
    [0.3, 0.6, []],
    [0.3, 0.7, ['setting-out-of-bounds']],
    [0.02, 0.52, ['setting-out-of-bounds']],
  ])('of %s: a limit of %s where 0.5 is meant', (toleranceRatio, value, found) => {
    const services = new Map([['search', { ...service, toleranceRatio }]]);
    const episodes = find(
      limit((minute) => (minute >= AT ? value : 0.5)),
      { intent: { ...intent, services } },
    );
    expect(codes(episodes).map(([, , code]) => code)).toEqual(found);
  });
});

describe('bounds of an automation', () => {
  const tuner = {
    constraint: 'shop/tuner',
    actor: 'tuner',
    identity: 'system:serviceaccount:ops:tuner',
    gate: 'standing' as const,
    standingKinds: [],
    bounds: [{ setting: 'cpuTarget' as const, min: 0.55, max: 0.7 }],
  };
  const bounded = (rest = {}): DesignIntent => ({ ...NO_INTENT, automation: [{ ...tuner, ...rest }] });
  const action = (actor = 'tuner') => ({
    minute: AT - 2,
    actor,
    service: 'search',
    kind: 'set-target',
    to: 0.8,
    decisionId: null,
  });
  const target = (to: number) => ({
    search: { cpuTarget: minutesOf((minute) => (minute >= AT ? to : 0.68)) },
  });

  it.each(['tuner', 'system:serviceaccount:ops:tuner'])(
    'are held against %s, who moved a setting beyond them',
    (actor) => {
      expect(find(target(0.72), { intent: bounded(), actions: [action(actor)] })).toMatchObject([
        {
          subject: 'search',
          culprit: 'tuner',
          detectedMinute: AT + 1,
          confirmedMinute: AT + 59,
          reasons: [{ code: 'outside-automation-bounds' }],
        },
      ]);
    },
  );

  it.each([
    ['a move within them', target(0.7), bounded(), [action()]],
    ['somebody else’s move', target(0.72), bounded(), [action('person')]],
    ['nobody’s record', target(0.72), bounded(), []],
    ['who has to ask', target(0.72), bounded({ gate: 'required' }), [action()]],
  ])('say nothing of %s', (_, services, of, actions) => {
    expect(codes(find(services, { intent: of, actions }))).toEqual([]);
  });

  it('are held against the kinds it may do without asking', () => {
    const of = bounded({ gate: 'required', standingKinds: ['set-*'] });
    expect(codes(find(target(0.72), { intent: of, actions: [action()] }))).toMatchObject([
      ['search', AT + 1, 'outside-automation-bounds'],
    ]);
  });
});

describe('objectives of requests', () => {
  const objective = {
    metric: 'success',
    min: 0.99,
    max: null,
    ratioToReferenceMax: null,
    service: 'search',
    route: null,
    statusBelow: 500,
    durationMsBelow: null,
  };
  const requests = dailyLoad(3);
  const failing = (share: number, before = 0) => ({
    search: { requests, errors: requests.map((n, minute) => (minute >= AT ? share : before) * n) },
  });
  const want = (rest = {}) => ({
    intent: { ...NO_INTENT, objectives: { global: [], local: [], ofRequests: [{ ...objective, ...rest }] } },
  });

  it('are missed by the share of a day', () => {
    expect(find(failing(0.05), want())).toMatchObject([
      { subject: 'search', reasons: [{ code: 'objective-missed' }] },
    ]);
    expect(find(failing(0.005), want())).toEqual([]);
  });

  it('that were missed when the period was accepted are old, a week later', () => {
    expect(find(failing(0.05, 0.05), want())).toEqual([]);
    const history = historyWith(failing(0.05, 0.05), want());
    expect(detectIntentDrift(viewSystem(history, { fromMinute: 0, untilMinute: 2 * DAY }))).toMatchObject([
      { confirmedMinute: null, reasons: [{ code: 'INTENT_OUT_OF_DATE' }] },
    ]);
  });

  it.each([
    ['a route', { route: '/search' }],
    ['a duration', { durationMsBelow: 2_000 }],
    ['another status', { statusBelow: 400 }],
    ['a service that says nothing', { service: 'mail' }],
  ])('of %s are not told by any series', (_, rest) => {
    expect(find(failing(0.05), want(rest))).toEqual([]);
  });
});

describe('limits and capacity', () => {
  it('finds a cache that keeps answers too long', () => {
    const services = { search: { cacheTtlS: minutesOf((minute) => (minute >= AT ? 190 : 60)) } };
    expect(codes(find(services))).toEqual([['search', AT + 59, 'cache-limit']]);
  });

  it('finds a pool that takes most of the traffic, by the mean of a day', () => {
    const share = (to: number) => minutesOf((minute) => (minute >= AT ? to : 1 / 3));
    const pools = [0.7, 0.25].map((to, i) => ({
      service: 'search',
      pool: `p${i}`,
      shareRatio: share(to),
      p50Ms: share(to),
      replicas: share(to),
    }));
    const found = codes(find({}, { pools }));
    expect(found).toMatchObject([['search', expect.any(Number), 'pool-share-out-of-bounds']]);
    expect(found[0]?.[1]).toBeLessThan(AT + DAY);
  });

  it('suspects a request that costs half more processor time, not one that costs a tenth more', () => {
    const requests = dailyLoad(2);
    const search = (by: number) => ({
      search: {
        requests,
        replicas: minutesOf(() => 4),
        cpuLimitCores: minutesOf(() => 0.5),
        cpuRatio: requests.map((n, minute) => (n / 2_000) * (minute >= AT ? by : 1)),
      },
    });
    expect(find(search(1.1))).toEqual([]);
    expect(find(search(1.5))).toMatchObject([{ subject: 'search', confirmedMinute: null }]);
  });

  it('uses nothing later than it says', () => {
    const history = historyWith(
      { ...web, ...limit((minute) => (minute < AT || minute > AT + 2 * DAY ? 0.5 : 1)) },
      {
        intent,
        ...announced(AT - DAY),
        edges: [
          edgeOf(
            'web',
            'search',
            calls((minute) => (minute >= AT && minute < AT + DAY ? 0.01 : 0.7)),
          ),
          edgeOf(
            'web',
            'db',
            calls((minute) => (minute >= AT + 500 ? 0.01 : 0)),
          ),
        ],
      },
    );
    const cuts = Array.from({ length: 20 }, (_, i) => AT - 300 + 290 * i);
    expectCausal(detectIntentDrift, history, cuts);
  });
});
