import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../core/random-from.ts';
import type { DesignIntent } from '../../../core/system-history.ts';
import { detectFeedbackLoop } from '../../../detectors/drift/feedback-loop.ts';
import { oscillationRegularity } from '../../../detectors/statistics/oscillation-regularity.ts';
import { expectCausal } from './expect-causal.ts';
import {
  DAY,
  dailyLoad,
  edgeOf,
  historyWith,
  minutesOf,
  NO_INTENT,
  stepsOf,
  viewWith,
} from './make-history-settings.ts';

const AT = 6 * DAY;

/** What an autoscaler makes of a load: whole replicas, held for ten minutes before they are given up. */
function follow(requests: Float64Array, perReplica: number): Float64Array {
  const wanted = requests.map((n) => Math.ceil(n / perReplica));
  return wanted.map((_, minute) => Math.max(...wanted.subarray(Math.max(0, minute - 10), minute + 1)));
}

/** The same, hunting from a minute on. */
function hunt(replicas: Float64Array, { from, period, by }: { from: number; period: number; by: number }) {
  return replicas.map((n, minute) =>
    minute < from ? n : Math.round(n * (1 + by * Math.sin((2 * Math.PI * minute) / period))),
  );
}

describe('regularity of an oscillation', () => {
  it('is high of a sine, with its period', () => {
    const sine = Float64Array.from({ length: 360 }, (_, i) => Math.sin((2 * Math.PI * i) / 36));
    const { regularity, intervals, period } = oscillationRegularity(sine);
    expect(regularity).toBeGreaterThan(10);
    expect(intervals).toBe(9);
    expect(period).toBeCloseTo(36, 0);
  });

  it('is rarely above 1.5 of noise', () => {
    const random = randomFrom(7);
    let above = 0;
    for (let run = 0; run < 200; run++) {
      const noise = Float64Array.from({ length: 360 }, () => random() - 0.5);
      if (oscillationRegularity(noise).regularity > 1.5) above++;
    }
    expect(above).toBe(0);
  });

  it('says nothing of a constant', () => {
    expect(oscillationRegularity(new Float64Array(360))).toMatchObject({ regularity: 0 });
  });
});

describe('autoscalers', () => {
  const requests = dailyLoad(3);
  const calm = follow(requests, 60);

  it.each([
    [34, 420],
    [90, 20 * 60],
  ])('that hunt with a period of %i minutes are found', (period, withinMinutes) => {
    const replicas = hunt(calm, { from: AT, period, by: 0.25 });
    const [episode, ...more] = detectFeedbackLoop(viewWith({ search: { requests, replicas } }));
    expect(more).toEqual([]);
    expect(episode).toMatchObject({ subject: 'search', culprit: 'autoscaler', closedMinute: null });
    expect(episode?.detectedMinute).toBeGreaterThan(AT);
    expect(episode?.detectedMinute).toBeLessThan(AT + withinMinutes);
    expect(Math.abs((episode?.evidence['periodMinutes'] as number) / period - 1)).toBeLessThan(0.1);
  });

  it('that swing as their load does are not', () => {
    const swinging = hunt(requests, { from: AT, period: 34, by: 0.25 });
    const replicas = follow(swinging, 60);
    expect(detectFeedbackLoop(viewWith({ search: { requests: swinging, replicas } }))).toEqual([]);
  });

  it('that hunted in the accepted period already are not', () => {
    const replicas = hunt(calm, { from: 0, period: 34, by: 0.25 });
    expect(detectFeedbackLoop(viewWith({ search: { requests, replicas } }))).toEqual([]);
  });

  it('that hunt because the service they call does are not named', () => {
    const replicas = hunt(calm, { from: AT, period: 34, by: 0.25 });
    const services = { web: { requests, replicas }, search: { requests, replicas } };
    const edges = [
      edgeOf(
        'web',
        'search',
        stepsOf(() => 100),
      ),
    ];
    expect(detectFeedbackLoop(viewWith(services, { edges })).map(({ subject }) => subject)).toEqual([
      'search',
    ]);
  });

  it('that do well are left alone for 240 days in all', () => {
    const services = Object.fromEntries(
      Array.from({ length: 24 }, (_, i) => {
        const load = dailyLoad(100 + i, 300 + 100 * (i % 8));
        return [`s${i}`, { requests: load, replicas: follow(load, 60) }];
      }),
    );
    expect(detectFeedbackLoop(viewWith(services))).toEqual([]);
  });
});

describe('retries', () => {
  const requests = dailyLoad(4);
  const edgeWith = (perCall: (minute: number) => number) => {
    const edge = edgeOf(
      'checkout',
      'payment',
      stepsOf(() => 500),
    );
    return { ...edge, attempts: edge.calls.map((n, step) => n * perCall(step * 10)) };
  };
  const find = (perCall: (minute: number) => number, busy: number) =>
    detectFeedbackLoop(
      viewWith(
        { payment: { requests, cpuRatio: minutesOf((minute) => (minute >= AT ? busy : 0.5)) } },
        { edges: [edgeWith(perCall)] },
      ),
    );

  it('that keep a service busy are found, and the service named', () => {
    expect(find((minute) => (minute >= AT ? 5 : 1), 0.98)).toMatchObject([
      {
        subject: 'payment',
        culprit: 'retries of checkout',
        detectedMinute: AT + 89,
        confirmedMinute: AT + 89,
      },
    ]);
  });

  it('that end with their trigger, or do not make it busy, are not', () => {
    expect(find((minute) => (minute >= AT && minute < AT + 60 ? 5 : 1), 0.98)).toEqual([]);
    expect(find((minute) => (minute >= AT ? 5 : 1), 0.3)).toEqual([]);
  });
});

describe('actors that ratchet', () => {
  const requests = dailyLoad(5);
  const intent: DesignIntent = {
    ...NO_INTENT,
    objectives: {
      global: [],
      local: [{ actor: 'tuner', subject: 'cart', metric: 'p50_ms', wants: 'less' }],
    },
  };
  const historyOf = ({ harm, cost }: { harm: number; cost: number }) => {
    const turns = (minute: number) => Math.max(0, Math.min(12, Math.floor((minute - AT) / 360) + 1));
    return historyWith(
      {
        cart: {
          requests,
          replicas: requests.map((n, minute) => Math.ceil(n / 60) * (1 + cost * turns(minute))),
          p50Ms: minutesOf((minute) => 20 * (1 + harm * turns(minute))),
        },
      },
      {
        intent,
        actions: Array.from({ length: 12 }, (_, i) => ({
          minute: AT + 360 * i,
          actor: 'tuner',
          service: 'cart',
          kind: 'set-min',
          to: 5 + i,
          decisionId: `d${i}`,
        })),
      },
    );
  };
  const find = (by: { harm: number; cost: number }) => {
    const { services, ...rest } = historyOf(by);
    return detectFeedbackLoop(viewWith({ cart: services.get('cart')?.series ?? {} }, rest));
  };

  it('are found by the sixth turn, with their decisions', () => {
    const [episode] = find({ harm: 0.03, cost: 0.1 });
    expect(episode).toMatchObject({ subject: 'cart', culprit: 'tuner', actors: ['tuner'] });
    expect(episode?.detectedMinute).toBeLessThan(AT + 5 * 360);
    expect(episode?.confirmedMinute).toBeLessThan(AT + 6 * 360);
    expect(episode?.decisions).toContain('d0');
  });

  it.each([
    ['do no harm', { harm: 0, cost: 0.1 }],
    ['cost nothing', { harm: 0.03, cost: 0 }],
    ['help', { harm: -0.02, cost: 0.1 }],
  ])('and %s are not', (_, by) => {
    expect(find(by)).toEqual([]);
  });

  it('say nothing later than it is known', () => {
    const cuts = Array.from({ length: 10 }, (_, i) => AT + 300 * i);
    expectCausal(detectFeedbackLoop, historyOf({ harm: 0.03, cost: 0.1 }), cuts);
    const replicas = hunt(follow(requests, 60), { from: AT, period: 34, by: 0.25 });
    expectCausal(detectFeedbackLoop, historyWith({ search: { requests, replicas } }), cuts);
  });
});

it('bad input is no loop', () => {
  const nothing = minutesOf(() => Number.NaN);
  const services = {
    unknown: { requests: nothing, replicas: nothing },
    zero: { requests: minutesOf(() => 0), replicas: minutesOf(() => 0) },
    empty: { requests: new Float64Array(0), replicas: new Float64Array(0) },
    bare: {},
  };
  expect(
    detectFeedbackLoop(
      viewWith(services, {
        edges: [
          edgeOf(
            'a',
            'b',
            stepsOf(() => Number.NaN),
          ),
        ],
      }),
    ),
  ).toEqual([]);
});
