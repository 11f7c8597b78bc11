import { expect, it } from 'vitest';
import type { EdgeHistory, SystemHistory } from '../../../core/system-history.ts';
import { detectDrift } from '../../../detectors/detect-drift.ts';
import { type SystemView, viewSystem } from '../../../detectors/equal-load/system-view.ts';
import { cutHistory } from './cut-history.ts';
import { laterHistory } from './later-history.ts';
import { ACCEPTED, DAY, makeChain } from './make-history-chain.ts';

const { untilMinute } = ACCEPTED;
const RENAMED = 6 * DAY;

/** A file that says otherwise than the accepted period in every way there is, and a library that sees other retries than callers do. */
function makeOld(): SystemHistory {
  const history = makeChain(2, {
    days: 14,
    turn: ({ services, edges }) => {
      const { requests = new Float64Array() } = services.front;
      services.front.cpuLimitCores = requests.map(() => 2);
      services.front.fallbacks = requests.map((n) => 0.05 * n);
      for (const [step, calls] of edges[1].calls.entries()) edges[1].attempts[step] = 1.3 * calls;
    },
  });
  const [front, store] = history.edges as readonly [EdgeHistory, EdgeHistory];
  const called = (to: string, isCalled: (step: number) => boolean): EdgeHistory => {
    const cut = (values: Float64Array) => values.map((n, step) => (isCalled(step) ? n : 0));
    const { calls, attempts, failures } = front;
    return { ...front, to, calls: cut(calls), attempts: cut(attempts), failures: cut(failures) };
  };
  const turn = RENAMED / 10;
  const { requests = new Float64Array() } = history.services.get('api')?.series ?? {};
  return {
    ...history,
    edges: [front, store, called('mail', (step) => step < turn), called('post', (step) => step >= turn)],
    masks: [
      { from: 'api', to: 'store', series: { retries: requests.map((n, at) => (at < 9 * DAY ? 0 : n / 10)) } },
    ],
    intent: {
      ...history.intent,
      edges: ['api', 'mail'].map((to) => ({ from: 'front', to })),
      services: new Map([
        [
          'front',
          { replicasMin: null, replicasMax: null, cpuTarget: null, cpuLimitCores: 1, isAutoscaled: false },
        ],
      ]),
      retryBudgetRatio: 0.1,
      fallbacks: [{ edge: 'front->api', ratioMax: 0.01, continuousMinutesMax: 60 }],
      objectives: {
        global: [],
        local: [],
        ofRequests: [
          {
            metric: 'success',
            min: 0.999_99,
            max: null,
            ratioToReferenceMax: null,
            service: 'store',
            route: null,
            statusBelow: null,
            durationMsBelow: null,
          },
        ],
      },
    },
  };
}

const history = makeOld();
// Frozen before anything was told.
const early = viewSystem(cutHistory(history, untilMinute + DAY), ACCEPTED, { isFreezing: true });
detectDrift(early);
const levels = JSON.parse(JSON.stringify(early.levels)) as typeof early.levels;

interface Told {
  readonly code: string;
  readonly metric: string;
  readonly detectedMinute: number;
}

/** As a tick tells it that reads from a minute on; all that is told of one service is told at once. */
function told(fromMinute: number, view: SystemView): [string, number][] {
  const episodes = detectDrift(view).flatMap(({ kind, detectedMinute, effect, evidence }): Told[] =>
    kind === 'intent-drift'
      ? (evidence['deviations'] as Told[])
      : [{ code: kind, metric: effect.metric, detectedMinute }],
  );
  return episodes
    .map(({ code, metric, detectedMinute }): [string, number] => [
      `${code}: ${metric}`,
      fromMinute + detectedMinute,
    ])
    .sort(([a, at], [b, bt]) => (a === b ? at - bt : a < b ? -1 : 1));
}

const later = (fromMinute: number, judgedFrom: number) =>
  told(
    fromMinute,
    viewSystem(
      laterHistory(history, fromMinute),
      { fromMinute: judgedFrom - untilMinute - fromMinute, untilMinute: judgedFrom - fromMinute },
      { levels, endedMinute: untilMinute - fromMinute },
    ),
  );

const found = told(0, viewSystem(history, ACCEPTED));

it('holds files against what was frozen as against the accepted minutes', () => {
  const old = found.filter(([what]) => what.startsWith('INTENT_OUT_OF_DATE'));
  const grace = untilMinute + 7 * DAY;
  expect(old).toEqual([
    ['INTENT_OUT_OF_DATE: calls per hour', RENAMED + 12 * 60 + 9],
    ['INTENT_OUT_OF_DATE: calls per hour', grace + 6 * 60 - 1],
    ['INTENT_OUT_OF_DATE: cpuLimitCores', grace + 59],
    ['INTENT_OUT_OF_DATE: fallbacks per call of api', grace + 59],
    ['INTENT_OUT_OF_DATE: retries per call', grace + 59],
    ['INTENT_OUT_OF_DATE: share of good requests in a day', grace + 9],
  ]);
  // What the library sees is held against what the library saw.
  expect(found).toContainEqual(['masked-failure: retry share of api->store', 9 * DAY + 130]);
  expect(later(2 * DAY, untilMinute)).toEqual(found);
});

it('tells of an old file a week after the period, not a week after what is judged', () => {
  const judgedFrom = 10 * DAY;
  const seenAgain = (detectedMinute: number) => Math.max(detectedMinute, judgedFrom);
  // The edge that ended is not there any more, and nothing new is found of it.
  const still = found.filter(([what]) => !what.endsWith('not-called share of front->mail'));
  expect(still).toHaveLength(found.length - 1);
  // What was told before is told again as soon as it can be: under the name it has.
  expect(later(8 * DAY, judgedFrom).map(([what, at]) => [what, Math.abs(seenAgain(at) - at) < 10])).toEqual(
    still.map(([what]) => [what, true]),
  );
});
