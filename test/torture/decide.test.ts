import { describe, expect, it } from 'vitest';
import { STAGES } from '../../core/decision.ts';
import { ACTION_KINDS, type ActionKind, isSafe } from './action-kinds.ts';
import { CASES, type Variant } from './cases.ts';
import { type Answer, answer, healthyWorld } from './world.ts';

const STOPPED = ['hold', 'deny'];

/** What may come of it; by the kind's fail mode where the data is at fault. */
function mayBe({ expected }: Variant, kind: ActionKind): readonly string[] {
  if (expected === 'mode') return [isSafe(kind) ? 'allow' : kind.onUnknown];
  if (expected === 'stopped') return isSafe(kind) ? ['allow'] : STOPPED;
  if (expected === 'never') return STOPPED;
  return [expected];
}

const cases = CASES.flatMap(({ name, variants }) =>
  variants.map((variant) => [`${name}: ${variant.how}`, variant] as const),
);
const count = cases.length * ACTION_KINDS.length;

describe(`missing-data torture: ${CASES.length} cases in ${cases.length} variants x ${ACTION_KINDS.length} kinds of action = ${count} questions`, () => {
  it('asks about both directions, at all seven stages', () => {
    expect([...new Set(ACTION_KINDS.map(({ stage }) => stage))]).toEqual([...STAGES]);
    expect(ACTION_KINDS.filter(isSafe).length).toBeGreaterThan(7);
    expect(new Set(CASES.map(({ name }) => name)).size).toBe(26);
    expect(count).toBeGreaterThan(2_500);
  });

  it.each(ACTION_KINDS.map((kind) => [kind.kind, kind] as const))(
    '%s is allowed while all is well',
    (_name, kind) => {
      const { decision, codes } = answer(healthyWorld(kind));
      expect([decision, codes]).toEqual(['allow', ['OK']]);
    },
  );

  it.each(cases)('%s', (_name, variant) => {
    const wrong = ACTION_KINDS.flatMap((kind) => {
      const { decision, codes } = answer(variant.spoil(healthyWorld(kind)));
      const isTold = codes.includes(variant.code) || (decision === 'allow' && codes[0] === 'OK');
      const isRight = mayBe(variant, kind).includes(decision) && isTold;
      return isRight ? [] : [`${kind.kind}: ${decision} ${codes.join(' ')}`];
    });
    expect(wrong).toEqual([]);
  });

  it('lets the safe direction go on within its cap only', () => {
    const capped = ACTION_KINDS.filter(({ capRatio }) => capRatio !== undefined);
    expect(capped.length).toBeGreaterThan(3);
    const said = cases
      .filter(([, { expected }]) => expected === 'mode' || expected === 'stopped')
      .flatMap(([name, { spoil }]) =>
        capped.map((kind) => ({ name, kind, answer: answer(spoil(healthyWorld(kind))) })),
      )
      .filter((one) => one.answer.codes[0] !== 'OK'); // of a rule that speaks about the other direction
    expect(said.length).toBeGreaterThan(100);
    const lax = said
      .filter((one) => !isWithinCap(one.answer, one.kind) || one.answer.body?.failMode !== 'allow-capped')
      .map((one) => `${one.name}: ${one.kind.kind} ${JSON.stringify(one.answer.body?.limits)}`);
    expect(lax).toEqual([]);
  });
});

function isWithinCap({ body }: Answer, { capRatio = Number.NaN, facts }: ActionKind): boolean {
  const { maxIncreaseRatio, maxTo } = body?.limits ?? {};
  const from = facts.from?.['replicas'];
  const isBounded =
    typeof from !== 'number' || (maxTo as { replicas: number }).replicas <= Math.ceil(from * (1 + capRatio));
  return maxIncreaseRatio === capRatio && isBounded;
}
