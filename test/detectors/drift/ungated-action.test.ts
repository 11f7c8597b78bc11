import { describe, expect, it } from 'vitest';
import type { AutomationIntent, DesignIntent, SystemHistory } from '../../../core/system-history.ts';
import { detectUngatedAction } from '../../../detectors/drift/ungated-action.ts';
import { viewSystem } from '../../../detectors/equal-load/system-view.ts';
import { expectCausal } from './expect-causal.ts';
import { DAY, historyWith, minutesOf, NO_INTENT, viewWith } from './make-history-settings.ts';

const AT = 6 * DAY + 123;
const intent: DesignIntent = { ...NO_INTENT, gatedActors: ['tuner'] };
const moved = (to = 3, until = Number.POSITIVE_INFINITY) =>
  minutesOf((minute) => (minute >= AT && minute < until ? to : 2));
const find = (replicasMin: Float64Array, rest: Partial<SystemHistory> = {}) =>
  detectUngatedAction(
    viewWith({ search: { replicasMin } }, { intent, changes: [change(0, 'other')], ...rest }),
  );
const change = (minute: number, service = 'search') => ({ minute, service, summary: 'more', expects: null });
const decision = (outcome: 'allow' | 'deny', minute = AT, service = 'search') => ({
  minute,
  id: 'd1',
  actor: 'tuner',
  service,
  kind: 'set-min',
  outcome,
});
const action = (decisionId: string | null, actor = 'tuner', minute = AT) => ({
  minute,
  actor,
  service: 'search',
  kind: 'set-min',
  to: 3,
  decisionId,
});

describe('ungated actions', () => {
  it('finds a setting that moved without any record, at the minute it moved', () => {
    const [episode, ...more] = find(moved());
    expect(more).toEqual([]);
    expect(episode).toMatchObject({
      subject: 'search',
      culprit: null,
      detectedMinute: AT,
      confirmedMinute: AT + 15,
      closedMinute: null,
      effect: { metric: 'replicasMin', ratio: 1.5 },
    });
  });

  it('tells nothing anew of what was done before all that is judged', () => {
    const history = historyWith(
      { search: { replicasMin: moved() } },
      { intent, actions: [action(null, 'tuner', -DAY), action(null, 'tuner', DAY), action(null)] },
    );
    const levels = { 'actors at work': ['tuner'], 'records are kept': true };
    const accepted = { fromMinute: -4 * DAY, untilMinute: 2 * DAY };
    const found = detectUngatedAction(viewSystem(history, accepted, { levels }));
    expect(found.map(({ detectedMinute }) => detectedMinute)).toEqual([AT]);
  });

  it.each([
    ['a decision that allows it', { decisions: [decision('allow')] }],
    ['a decision minutes before', { decisions: [decision('allow', AT - 20)] }],
    ['a change that a person recorded', { changes: [change(AT - 30)] }],
    ['an action that was allowed', { actions: [action('d1')], decisions: [decision('allow')] }],
  ])('holds nothing against %s', (_, rest) => {
    expect(find(moved(), rest)).toEqual([]);
  });

  it.each([
    ['an action that did not ask', 'ungated-not-asked', { actions: [action(null)] }],
    [
      'an action that was refused',
      'ungated-refused',
      { actions: [action('d1')], decisions: [decision('deny')] },
    ],
    [
      'a decision on another service',
      'ungated-refused',
      { actions: [action('d1')], decisions: [decision('allow', AT, 'cart')] },
    ],
    [
      'a decision that nobody made',
      'ungated-decision-missing',
      { actions: [action('d2')], decisions: [decision('allow', 0)] },
    ],
    [
      'a decision of days ago',
      'ungated-decision-expired',
      { actions: [action('d1')], decisions: [decision('allow', AT - 2 * DAY)] },
    ],
    ['a step against a refusal', 'ungated-refused', { decisions: [decision('deny')] }],
    ['a change recorded for another service', 'ungated-silent', { changes: [change(AT, 'cart')] }],
    ['somebody new', 'ungated-not-asked', { actions: [action(null, 'stranger')] }],
  ])('finds %s', (_, code, rest) => {
    expect(find(moved(), rest).map(({ reasons }) => reasons[0]?.code)).toEqual([code]);
  });

  it('is not excused by what cannot have moved it', () => {
    const scaled = { ...action(null, 'hpa'), kind: 'scale.up' };
    const before = { ...scaled, minute: 10 }; // people have seen that it does not ask
    const [episode, ...more] = find(moved(), { actions: [before, scaled] });
    expect(more).toEqual([]);
    expect(episode).toMatchObject({ culprit: null, detectedMinute: AT, effect: { metric: 'replicasMin' } });
    const allowed = find(moved(), { decisions: [{ ...decision('allow'), kind: 'scale.up' }] });
    expect(allowed).toHaveLength(1);
  });

  it('leaves alone who need not ask and did not in the accepted period', () => {
    const actions = [action(null, 'autoscaler', 1_000), action(null, 'autoscaler')];
    expect(find(moved(), { actions })).toEqual([]);
  });

  it('leaves alone who may act without asking, as people said', () => {
    const declared = (gate: 'standing' | 'required') => ({
      constraint: 's/new',
      actor: 'new',
      identity: null,
      gate,
      standingKinds: [],
      bounds: [],
    });
    const of = (gate: 'standing' | 'required') =>
      find(moved(), {
        actions: [action(null, 'new')],
        intent: { ...intent, automation: [declared(gate)] },
      });
    expect(of('standing')).toEqual([]);
    expect(of('required')).toHaveLength(1);
  });

  it('names the actor and what it moved', () => {
    const [episode] = find(moved(), { actions: [action(null)] });
    expect(episode).toMatchObject({ culprit: 'tuner', actors: ['tuner'], confirmedMinute: AT });
    expect(episode?.evidence['events']).toMatchObject([{ before: 2, after: 3 }]);
  });

  it('withdraws what a record with a slow clock excuses', () => {
    expect(find(moved(), { decisions: [decision('allow', AT + 4)] })).toMatchObject([
      { detectedMinute: AT, confirmedMinute: null, closedMinute: AT + 4 },
    ]);
  });

  it('closes a day after it was undone, and opens again', () => {
    const until = AT + 100;
    const again = minutesOf((minute) => ((minute >= AT && minute < until) || minute >= AT + 2 * DAY ? 3 : 2));
    expect(find(again)).toMatchObject([
      { detectedMinute: AT, closedMinute: until + DAY },
      { detectedMinute: AT + 2 * DAY, closedMinute: null },
    ]);
  });

  it('cannot say where nobody must ask and no gate ever decided', () => {
    expect(find(moved(), { intent: NO_INTENT })).toEqual([]);
  });

  it('cannot say where no record of any kind is kept', () => {
    expect(find(moved(), { changes: [] })).toEqual([]);
  });

  it.each([
    ['a constant', minutesOf(() => 2)],
    ['nothing known', minutesOf(() => Number.NaN)],
    ['empty', new Float64Array(0)],
    ['gaps', minutesOf((minute) => (minute % 7 < 5 ? Number.NaN : 2))],
    ['a measurement that never rests', minutesOf((minute) => 2 + (minute % 3) / 10)],
    [
      'a setting that an unrecorded hand moved in the accepted period, too',
      minutesOf((m) => 2 + (m % DAY < 60 ? 1 : 0)),
    ],
  ])('says nothing of %s', (_, values) => {
    expect(find(values)).toEqual([]);
  });

  it('finds a step across a gap', () => {
    const gap = moved().fill(Number.NaN, AT - 200, AT + 50);
    expect(find(gap).map(({ detectedMinute }) => detectedMinute)).toEqual([AT + 50]);
  });

  it('uses nothing later than it says', () => {
    const history = historyWith(
      { search: { replicasMin: moved(3, AT + 90) }, cart: { cpuLimitCores: moved(4) } },
      {
        intent,
        changes: [change(0, 'other')],
        actions: [action(null, 'tuner', AT + 30)],
        decisions: [decision('allow', AT + 3)],
      },
    );
    expectCausal(detectUngatedAction, history, [
      AT,
      AT + 1,
      AT + 2,
      AT + 4,
      AT + 16,
      AT + 31,
      AT + 95,
      AT + 2 * DAY,
    ]);
  });
});

describe('what an automation may do without asking', () => {
  const may = (rest: Partial<AutomationIntent> = {}): Partial<SystemHistory> => ({
    intent: {
      ...intent,
      automation: [
        {
          constraint: 'shop/tuner',
          actor: 'tuner',
          identity: null,
          gate: 'required',
          standingKinds: ['set-*'],
          bounds: [{ setting: 'replicasMin', min: null, max: 4 }],
          ...rest,
        },
      ],
    },
    actions: [action(null)],
  });

  it('is nothing to hold against it within its bounds', () => {
    expect(find(moved(), may())).toEqual([]);
    expect(find(moved(), may({ standingKinds: ['warm-*'] }))).toMatchObject([
      { reasons: [{ code: 'ungated-not-asked' }] },
    ]);
  });

  it('is what its bounds say', () => {
    expect(find(moved(5), may())).toMatchObject([
      {
        culprit: 'tuner',
        detectedMinute: AT,
        confirmedMinute: AT + 1,
        reasons: [{ code: 'ungated-outside-bounds' }],
      },
    ]);
  });
});
