import fc from 'fast-check';
import { expect, it } from 'vitest';
import { runCount } from '../run-count.ts';
import { ACTION_KINDS, isSafe } from './action-kinds.ts';
import { corruption } from './corruptions.ts';
import { type Answer, answer, healthyWorld, type World } from './world.ts';

const numRuns = runCount({ suite: 300, long: 100_000 });
const STRICTNESS = ['allow', 'hold', 'deny', 'refused'];
const strictness = ({ decision }: Answer) => STRICTNESS.indexOf(decision);

/** Bounds of an allow, as numbers: none is no bound. */
function bounds({ body }: Answer): { most: number; least: number; growth: number } {
  const { maxTo, minTo, maxIncreaseRatio } = (body?.limits ?? {}) as {
    maxTo?: { replicas: number };
    minTo?: { replicas: number };
    maxIncreaseRatio?: number;
  };
  return {
    most: maxTo?.replicas ?? Number.POSITIVE_INFINITY,
    least: minTo?.replicas ?? 0,
    growth: maxIncreaseRatio ?? Number.POSITIVE_INFINITY,
  };
}

const kind = fc.constantFrom(...ACTION_KINDS);

it('no corruption of any one input makes the answer to an allowed question laxer, or longer', () => {
  let stopped = 0;
  const property = fc.property(kind, corruption, (action, spoil) => {
    const before = answer(healthyWorld(action));
    const after = answer(spoil(healthyWorld(action)));
    if (after.decision !== 'allow') stopped++;
    const [wide, narrow] = [bounds(before), bounds(after)];
    expect(strictness(after)).toBeGreaterThanOrEqual(strictness(before));
    expect(after.decision !== 'allow' || narrow.most <= wide.most).toBe(true);
    expect(after.decision !== 'allow' || narrow.least >= wide.least).toBe(true);
    expect(after.decision !== 'allow' || narrow.growth <= wide.growth).toBe(true);
  });
  fc.assert(property, { numRuns });
  expect(stopped).toBeGreaterThan(numRuns / 3);
});

it('two wrongs make no right: what each of them stops, both of them stop', () => {
  let seen = 0;
  const unsafe = fc.constantFrom(...ACTION_KINDS.filter((one) => !isSafe(one)));
  const property = fc.property(unsafe, corruption, corruption, (action, first, second) => {
    const isStopped = (world: World) => answer(world).decision !== 'allow';
    const healthy = healthyWorld(action);
    const isEach = isStopped(first(healthy)) && isStopped(second(healthy));
    if (isEach) seen++;
    expect(isEach && !isStopped(second(first(healthy)))).toBe(false);
  });
  fc.assert(property, { numRuns });
  expect(seen).toBeGreaterThan(numRuns / 4);
});

it('two ways of counting that tell the same impossible rate agree about nothing', () => {
  for (const action of ACTION_KINDS.filter((one) => !isSafe(one))) {
    const healthy = healthyWorld(action);
    const rates = healthy.rates.map((rate) => ({ ...rate, requestsPerS: 1e308 }));
    expect(answer(healthy).decision).toBe('allow');
    expect(answer({ ...healthy, rates }).decision).not.toBe('allow');
  }
});
