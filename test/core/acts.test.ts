import { describe, expect, it } from 'vitest';
import { afterCloses, asBeforeClose, closedByPerson } from '../../core/close-by-person.ts';
import { effectSize, isDoubled } from '../../core/effect-size.ts';
import type { Finding } from '../../core/finding.ts';
import type { FindingAct } from '../../core/finding-act.ts';
import { silenceOf } from '../../core/silence.ts';
import { byUrgency } from '../../core/told-news.ts';
import { makeFinding } from '../alerts/make-finding.ts';
import { makeAct } from './make-act.ts';

const withRatio = (ratio: number, changes: Partial<Finding> = {}): Finding => {
  const finding = makeFinding(changes);
  return { ...finding, effect: { ...finding.effect, ratio } };
};

describe('isDoubled', () => {
  it.each([
    ['half is as far as double', effectSize(withRatio(0.5)), effectSize(withRatio(3)), true],
    ['just below double', 1, 1.99, false],
    ['from a bound to none', 1, Number.POSITIVE_INFINITY, true],
    ['without bounds before', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, false],
    ['unknown now', 1, effectSize(withRatio(Number.NaN)), false],
    ['unknown before', null, 5, false],
    ['nothing before', 0, 5, false],
  ])('%s', (_, before, now, expected) => expect(isDoubled(before, now)).toBe(expected));
});

describe('silenceOf', () => {
  const finding = withRatio(2);
  const snooze = makeAct(finding, { id: 's', act: 'snooze', atMs: 10, untilMs: 1_000 });
  it.each<[string, number, FindingAct[], number, object]>([
    ['nobody did anything', 2, [], 50, { by: null, outgrown: null, ended: null }],
    ['acknowledged, and a little worse', 2.9, [makeAct(finding)], 50, { by: { act: 'ack' } }],
    ['acknowledged, and twice as bad', 3, [makeAct(finding)], 50, { by: null, outgrown: { act: 'ack' } }],
    ['snoozed', 2, [snooze], 999, { by: { act: 'snooze' } }],
    ['at its end', 2, [snooze], 1_000, { by: null, ended: { id: 's' } }],
    ['snoozed, and twice as bad before its end', 3, [snooze], 50, { by: null, outgrown: { id: 's' } }],
    ['the later act counts', 2, [snooze, makeAct(finding, { atMs: 20 })], 2_000, { by: { act: 'ack' } }],
    ['a rating silences nothing', 2, [makeAct(finding, { act: 'feedback' })], 50, { by: null }],
    ['of another finding', 2, [{ ...makeAct(finding), findingId: 'other' }], 50, { by: null }],
  ])('%s', (_, ratio, acts, nowMs, expected) =>
    expect(silenceOf([withRatio(ratio)], acts, nowMs)).toMatchObject(expected),
  );

  it('grows nothing while nobody can say', () => {
    expect(silenceOf([withRatio(9, { state: 'cannot-say' })], [makeAct(finding)], 50).by).not.toBeNull();
  });
});

describe('afterCloses', () => {
  const isOpen = () => false;
  const closesOf = (...acts: FindingAct[]) => new Map(acts.map((act) => [act.findingId, act]));
  const first = withRatio(2, { id: 'X' });
  const close = makeAct(first, { act: 'close', atMs: 5 });

  it('leaves alone what nobody closed', () => {
    expect(afterCloses(first, { closes: new Map(), isOpen })).toBe(first);
  });
  it('says nothing of what goes on as it was when a person closed it', () => {
    expect(afterCloses(withRatio(2.9, { id: 'X' }), { closes: closesOf(close), isOpen })).toBeNull();
    expect(afterCloses({ ...first, state: 'closed' }, { closes: closesOf(close), isOpen })).toBeNull();
  });
  it('opens a finding of its own when it doubles, and again when that was closed and it doubles', () => {
    const again = afterCloses(withRatio(3, { id: 'X' }), { closes: closesOf(close), isOpen }) as Finding;
    expect(again).toMatchObject({ id: 'X~2', state: 'suspect', evidence: { reopens: 'X' } });
    expect(again.reasons.at(-1)?.code).toBe('WORSE_THAN_CLOSED');
    const both = closesOf(close, makeAct(again, { act: 'close', atMs: 6 }));
    expect(afterCloses(withRatio(4.9, { id: 'X' }), { closes: both, isOpen })).toBeNull();
    expect(afterCloses(withRatio(5, { id: 'X~2' }), { closes: both, isOpen })?.id).toBe('X~3');
  });
  it('goes on with the one that opened, though the effect falls, until it recovers', () => {
    const of = { closes: closesOf(close), isOpen: (id: string) => id === 'X~2' };
    expect(afterCloses(withRatio(2.1, { id: 'X' }), of)?.id).toBe('X~2');
    expect(afterCloses({ ...first, state: 'closed', closedAtMs: 9 }, of)).toMatchObject({
      id: 'X~2',
      state: 'closed',
    });
  });
  it('can be followed as it was before', () => {
    const confirmed = withRatio(2, { state: 'confirmed' });
    const closed = closedByPerson(confirmed, close);
    expect(closed).toMatchObject({ state: 'closed', closedAtMs: 5, evidence: { closedBy: { by: 'Ada' } } });
    expect(asBeforeClose(closed)).toMatchObject({ state: 'confirmed', closedAtMs: null });
  });
});

it('byUrgency: what is not over, confirmed, larger, surer', () => {
  const of = (state: string, effectSize: number | null, confidence: number) => ({
    state,
    effectSize,
    confidence,
  });
  const order = [
    of('confirmed', 3, 0.9),
    of('confirmed', 1, 0.99),
    of('confirmed', 1, 0.9),
    of('confirmed', null, 0.99),
    of('suspect', 9, 0.99),
    of('', 9, 1),
  ];
  expect(order.toReversed().sort(byUrgency)).toEqual(order);
});
