import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CANARY_SERVICE } from '../../core/canary-service.ts';
import { newCanaryMemory, runCanary } from '../../jobs/canary.ts';
import { createStoreClient } from '../../store/client.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { startTestIngest } from '../ingest/start-test-ingest.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: ['tally_span'] });
});
afterAll(() => engine.close());

const clientOf = ({ url, token }: TestEngine) => createStoreClient({ url, token });

describe('runCanary', () => {
  it('goes in by the front door and measures until a query sees it', async () => {
    await using ingest = await startTestIngest({ keys: ['secret'] }, clientOf(engine));
    const memory = newCanaryMemory();
    const deps = { client: engine.client, endpoint: ingest.httpUrl, key: 'secret', now: Date.now };
    const lagMs = await runCanary(deps, memory);
    expect(lagMs).toBeGreaterThan(50); // batches wait 100 ms
    expect(memory).toEqual({ lagsMs: [lagMs], unseenCount: 0, unsentCount: 0 });
    const rows = await engine.client.query({
      query: `SELECT count() AS n FROM otel_traces WHERE ServiceName = '${CANARY_SERVICE}'`,
      format: 'JSONEachRow',
    });
    expect(await rows.json()).toEqual([{ n: '1' }]);
  });

  it('counts a canary that was refused, and one that was never seen', async () => {
    await using ingest = await startTestIngest({ keys: ['secret'] }); // accepts, and has no store
    const memory = newCanaryMemory();
    const deps = { client: engine.client, endpoint: ingest.httpUrl, now: Date.now };
    expect(await runCanary({ ...deps, key: 'wrong' }, memory)).toBeNull();
    expect(await runCanary({ ...deps, key: null, endpoint: 'http://127.0.0.1:9' }, memory)).toBeNull();
    expect(memory).toMatchObject({ lagsMs: [], unsentCount: 2 });
    expect(await runCanary({ ...deps, key: 'secret' }, memory)).toBeNull();
    expect(memory).toEqual({ lagsMs: [4_000], unseenCount: 1, unsentCount: 2 });
  });
});
