import { afterAll, beforeAll, expect, it } from 'vitest';
import { createStoreClient } from '../../store/client.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { startTestIngest, type TestIngest } from '../ingest/start-test-ingest.ts';
import { lettersBothWays } from './letters-both-ways.ts';
import { FAULTY_SHAPES, SOUND_SHAPES } from './stream-shapes.ts';

/** What it reads, and no more: each costs every insert. */
const TALLIES = [
  'tally_counter',
  'tally_mention',
  'tally_population',
  'tally_server_span',
  'tally_source',
  'tally_span',
];

let engine: TestEngine;
let ingest: TestIngest;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: TALLIES });
  ingest = await startTestIngest({}, createStoreClient({ url: engine.url, token: engine.token }));
});
afterAll(async () => {
  await ingest[Symbol.asyncDispose]();
  await engine.close();
});

it('streams of span headers, sent over OTLP, are judged as they are by plain code', async () => {
  const system = { client: engine.client, otlpHttpUrl: ingest.httpUrl };
  const shapes = [...SOUND_SHAPES.slice(0, 1), ...FAULTY_SHAPES];
  const { direct, live } = await lettersBothWays(system, shapes, { scale: 10, minutes: 8 });
  expect(live).toEqual(direct);
  // What was compared: every letter there is, and no stream alike.
  expect([...new Set(Object.values(direct).join(''))].sort().join('')).toBe('-FIPU');
  expect(new Set(Object.values(direct)).size).toBeGreaterThan(3);
}, 60_000);
