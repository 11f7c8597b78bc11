import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServer } from '../../bench/processes/start-server.ts';
import { lettersBothWays } from './letters-both-ways.ts';
import { FAULTY_SHAPES, SOUND_SHAPES } from './stream-shapes.ts';

let server: Awaited<ReturnType<typeof startServer>>;
beforeAll(async () => {
  server = await startServer(['store', 'ingest']);
});
afterAll(() => server.stop());

it('streams of many spans, sent through the running server, are judged as they should be', async () => {
  const system = { client: server.store, otlpHttpUrl: `http://127.0.0.1:${server.ports.otlpHttpPort}` };
  const shapes = [...SOUND_SHAPES, ...FAULTY_SHAPES];
  const { direct, live } = await lettersBothWays(system, shapes, { scale: 150, minutes: 12 });
  expect(live).toEqual(direct);
  expect(live).toEqual(Object.fromEntries(shapes.map(({ name, expect: letters }) => [name, letters])));
});
