import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestEngine, type TestEngine } from '../../engine-process.ts';
import { fuzzSockets } from './fuzz-sockets.ts';
import { fuzzWalk } from './fuzz-walk.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true });
});
afterAll(() => engine.close());

/** Several seeds, so that several sets of valid requests are the beginning. */
it.each([11, 12, 13, 14])('250,000 fuzzed bodies of seed %i', async (seed) => {
  const result = await fuzzWalk(engine, { seed, count: 250_000, storeEvery: 5 });
  console.log(`seed ${seed}:`, result);
  expect(Math.min(result.accepted, result.partial, result.malformed)).toBeGreaterThan(12_000);
  expect(result.storedRows).toBeGreaterThan(20_000);
});

it('50,000 over sockets get the same answers', async () => {
  const told = await fuzzSockets(engine, { seed: 15, count: 50_000 });
  console.log('over sockets:', told);
  expect(Math.min(told.accepted, told.refused, told.items)).toBeGreaterThan(10_000);
});
