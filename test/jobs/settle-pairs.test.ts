import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sourceKey } from '../../core/source.ts';
import { settleEdges } from '../../jobs/settle-edges.ts';
import { settlePairs } from '../../jobs/settle-pairs.ts';
import { readEdgeTallies } from '../../store/tallies/read-edge-tallies.ts';
import { readPairBaselines } from '../../store/tallies/read-pair-baselines.ts';
import { readPairTallies } from '../../store/tallies/read-pair-tallies.ts';
import { readSourceTallies } from '../../store/tallies/read-source-tallies.ts';
import { writeRows } from '../../store/write-rows.ts';
import { estimateCaptureRecapture } from '../../validators/graph/estimate-capture-recapture.ts';
import { judgeWindows } from '../../validators/judge-windows.ts';
import { windowsUntil } from '../../validators/windows.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { LOCAL, spanRow, traceIdOf } from '../store/span-row.ts';

const NOW_MS = Math.floor(Date.now() / 60_000) * 60_000;
const LIMITS = { warn: 0.01, fail: 0.05 };

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({
    migrate: true,
    tallies: ['tally_call', 'tally_mention', 'tally_source', 'tally_span'],
  });
});
afterAll(() => engine.close());

/** Two calls a second of each leaf, from 580 s ago on; a leaf's spans arrive a second after their call's. */
function traffic(isLost: (leaf: string, n: number, agoMs: number) => boolean): Record<string, unknown>[] {
  return ['cart', 'stock'].flatMap((leaf, which) =>
    Array.from({ length: 1_160 }, (_, i) => {
      const n = 2 * i + which + 1;
      const agoMs = 580_000 - i * 500;
      const startMs = NOW_MS - agoMs;
      const ids = { traceId: traceIdOf(n), startMs };
      const call = spanRow({
        ...ids,
        service: 'gateway',
        kind: 'Client',
        flags: LOCAL,
        spanId: `p${n}`,
        receivedMs: startMs + 500,
      });
      const answer = {
        ...ids,
        service: leaf,
        spanId: `c${n}`,
        parentSpanId: `p${n}`,
        receivedMs: startMs + 1_500,
      };
      const rows = [{ ...call, SpanAttributes: { 'service.peer.name': leaf } }];
      return isLost(leaf, n, agoMs) ? rows : [...rows, { ...spanRow(answer), SpanAttributes: {} }];
    }).flat(),
  );
}

describe('settlePairs', () => {
  it('shows a loss of a service that calls nobody, from its rows to the estimate, and blames no one else', async () => {
    await writeRows(
      engine.client,
      'otel_traces',
      traffic((leaf, n, agoMs) => leaf === 'cart' && agoMs < 50_000 && n % 5 < 2),
    );
    const { client } = engine;
    const settled = await settlePairs({ client }, NOW_MS);
    expect(settled).toMatchObject({ lagMs: 5_000, skippedWindows: 0 });
    expect(settled.settledUntilMs).toBeGreaterThanOrEqual(NOW_MS - 10_000);
    await settleEdges({ client }, NOW_MS);

    const { fastStartMs, slowStartMs } = windowsUntil(settled.settledUntilMs);
    const range = { fromMs: slowStartMs, untilMs: settled.settledUntilMs };
    const estimates = estimateCaptureRecapture(
      {
        pairs: await readPairTallies(client, range),
        edges: await readEdgeTallies(client, range),
        baselines: await readPairBaselines(client, fastStartMs),
        arrivals: await readSourceTallies(client, { fromMs: slowStartMs, splitMs: fastStartMs }),
        settled: { untilMs: settled.settledUntilMs, lagMs: settled.lagMs },
        inconsistent: new Set(),
      },
      NOW_MS,
    );
    const estimateOf = (serviceName: string) => {
      const service = { tenant: 'default', serviceNamespace: 'shop', serviceName };
      return estimates.get(sourceKey({ ...service, serviceInstanceId: '', signal: 'traces' }));
    };
    expect([...estimates.keys()]).toHaveLength(2);
    const [cart, stock] = [estimateOf('cart'), estimateOf('stock')];
    expect(cart?.veto).toBeNull();
    expect(cart?.fast.interval?.estimate).toBeCloseTo(0.4, 1);
    expect(cart && judgeWindows(cart, LIMITS).outcome).toBe('fail');
    expect(cart?.exampleTraceIds).toHaveLength(5);
    expect(stock && judgeWindows(stock, LIMITS).outcome).toBe('pass');
  });
});
