import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EdgeTally } from '../../core/edge-tally.ts';
import type { LocalEdgeTally } from '../../core/local-edge-tally.ts';
import { insertRequests } from '../../eval/engine/insert-requests.ts';
import { ticksUntil } from '../../eval/engine/live-through.ts';
import { virtualStartMs } from '../../eval/engine/with-engine.ts';
import { inject } from '../../eval/faults/fault.ts';
import { loseBatches } from '../../eval/faults/lose.ts';
import { Truth } from '../../eval/faults/truth.ts';
import { drawFrom } from '../../eval/traffic/draw.ts';
import { edgesOf } from '../../eval/traffic/edges-of.ts';
import { makeTraffic } from '../../eval/traffic/make-traffic.ts';
import { smallShop } from '../../eval/traffic/small-shop.ts';
import { settleEdges } from '../../jobs/settle-edges.ts';
import { readEdgeTallies } from '../../store/tallies/read-edge-tallies.ts';
import { readLocalEdgeTallies } from '../../store/tallies/read-local-edge-tallies.ts';
import { measureLoss } from '../../validators/measure-loss.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { localEdgesOf } from '../validators/local-edges-of.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true });
});
afterAll(() => engine.close());

/** What can be compared: the names of batches and traces are those of each side. */
function comparable(edges: readonly EdgeTally[]): string[] {
  return edges
    .map(({ windowMs, bucketMs, callee, caller, children, callerBatches, exampleTraceIds }) =>
      JSON.stringify([
        windowMs,
        bucketMs,
        callee.tenant,
        callee.serviceName,
        caller?.serviceName,
        children,
        callerBatches.length,
        exampleTraceIds.length,
      ]),
    )
    .sort();
}

/** Added up by window and service, as `window tenant/service: children orphans split`. */
function addedUp(locals: readonly LocalEdgeTally[]): string[] {
  const groups = Map.groupBy(
    locals,
    ({ windowMs, service }) => `${windowMs} ${service.tenant}/${service.serviceName}`,
  );
  const sum = (of: readonly LocalEdgeTally[], count: (one: LocalEdgeTally) => number) =>
    of.reduce((total, one) => total + count(one), 0);
  return [...groups]
    .map(([key, of]) => {
      const counts = [
        sum(of, (one) => one.children),
        sum(of, (one) => one.orphans),
        sum(of, (one) => one.split),
      ];
      return `${key}: ${counts.join(' ')}`;
    })
    .sort();
}

it('makes in memory the edges that settling makes in the store, for several lossy runs', async () => {
  const startMs = virtualStartMs();
  const untilMs = startMs + 120_000;
  const runs = [1, 2, 3].map((seed) => {
    const fleet = smallShop({ prefix: '', spansPerSecond: 100, exportMs: 1_000 });
    const traffic = makeTraffic(fleet, { seed, tenant: `run-${seed}`, startMs });
    const faults = [loseBatches({ serviceName: 'checkout' }, 0.1, drawFrom(seed))];
    return inject(traffic.until(untilMs), faults, new Truth());
  });
  await insertRequests(engine.client, runs.flat());
  for (const nowMs of ticksUntil(startMs, untilMs + 20_000, 10_000)) {
    await settleEdges({ client: engine.client }, nowMs);
  }
  // Up to where all parents have been sent; the store settles in windows of its own.
  const range = { fromMs: startMs, untilMs: untilMs - 10_000 };
  const stored = await readEdgeTallies(engine.client, range);
  const inMemory = runs
    .flatMap((run) => edgesOf(run))
    .filter(({ windowMs }) => windowMs >= range.fromMs && windowMs < range.untilMs);
  expect(inMemory.length).toBeGreaterThan(500);
  expect(inMemory.filter(({ caller }) => caller === null).length).toBeGreaterThan(50);
  expect(comparable(inMemory)).toEqual(comparable(stored));
  const inRange = ({ windowMs }: LocalEdgeTally) => windowMs >= range.fromMs && windowMs < range.untilMs;
  const locals = runs.flatMap((run) => localEdgesOf(run)).filter(inRange);
  expect(locals.filter(({ orphans }) => orphans > 0).length).toBeGreaterThan(0);
  expect(locals.filter(({ split }) => split > 0).length).toBeGreaterThan(0);
  expect(addedUp(locals)).toEqual(addedUp(await readLocalEdgeTallies(engine.client, range)));
  const lossOf = (edges: readonly EdgeTally[]) =>
    measureLoss(edges, { untilMs: range.untilMs, lagMs: 5_000 }, new Set());
  const key = 'run-1\u001feval\u001fcheckout';
  expect(lossOf(inMemory).slow.get(key)?.interval).toEqual(lossOf(stored).slow.get(key)?.interval);
});
