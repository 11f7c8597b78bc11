import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestEngine, type TestEngine } from '../../engine-process.ts';
import { fuzzSockets } from './fuzz-sockets.ts';
import { fuzzWalk } from './fuzz-walk.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: ['tally_source'] });
});
afterAll(() => engine.close());

it('1,000 fuzzed bodies are accepted or refused for good, and what was accepted is stored', async () => {
  const result = await fuzzWalk(engine, { seed: 1, count: 1_000 });
  expect(Math.min(result.accepted, result.partial, result.malformed)).toBeGreaterThan(50);
  expect(result.storedRows).toBeGreaterThan(100);
}, 120_000);

it('100 over sockets get the same answers', async () => {
  const { accepted, refused, items } = await fuzzSockets(engine, { seed: 2, count: 100 });
  expect(Math.min(accepted, refused, items)).toBeGreaterThan(20);
}, 60_000);
