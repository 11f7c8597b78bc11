import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AcceptedReference } from '../../core/accepted-reference.ts';
import { effectSize } from '../../core/effect-size.ts';
import type { Finding } from '../../core/finding.ts';
import { designIntentOf } from '../../gates/constraints/design-intent-of.ts';
import { detectDriftOf } from '../../jobs/detect-drift.ts';
import { insertReference, insertRevocation } from '../../store/accepted-references.ts';
import { insertFindingActs } from '../../store/finding-acts.ts';
import { readFinding, readFindings } from '../../store/findings.ts';
import { makeAct } from '../core/make-act.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const NOW = Math.floor(Date.now() / 600_000) * 600_000;
const START = NOW - 6 * DAY;
/** Half a day before now; from then on a request takes twice as long. */
const SLOW_FROM = NOW - DAY / 2;

/** What it reads, and no more: each costs every insert. */
const TALLIES = [
  'action_records',
  'tally_call',
  'tally_duration_minute',
  'tally_mask_minute',
  'tally_metric_minute',
  'tally_peer_ten_minutes',
  'tally_retry_minute',
  'tally_service',
  'tally_version_minute',
  'tally_zone_minute',
];

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: TALLIES });
  for (const service of ['cart', 'web'])
    for (const half of [0, 1]) await insertRequests(service, { fromMinute: half * 4_320 });
});
afterAll(() => engine.close());

/** Three days of request metrics, a delta a minute, as many as the hour of the day brings; `cart` gets slow. */
async function insertRequests(service: string, of: { readonly fromMinute: number }): Promise<void> {
  const slow = service === 'cart' ? `number >= ${(SLOW_FROM - START) / MINUTE}` : '0';
  await engine.client.command({
    query: `
INSERT INTO otel_metrics_histogram (Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, MetricUnit, Attributes,
  StartTimeUnix, TimeUnix, ReceivedAt, Count, Sum, ExplicitBounds, BucketCounts, AggregationTemporality)
SELECT 'default', 'shop', '${service}', '1', 'http.server.request.duration', 's', map('http.response.status_code', '200'),
  fromUnixTimestamp64Milli(toInt64(${START} + number * ${MINUTE}), 'UTC') AS Started, Started + INTERVAL 1 MINUTE AS Ended,
  Ended + INTERVAL 1 SECOND,
  toUInt64(600 + 200 * cos(2 * pi() * number / 1440)) AS N, N * if(${slow}, 0.1, 0.05),
  [0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.14],
  if(${slow}, [0, 0, 0, toUInt64(N / 4), toUInt64(N / 4), toUInt64(N / 4), N - 3 * toUInt64(N / 4), 0],
    [0, toUInt64(N / 4), toUInt64(N / 2), N - toUInt64(N / 4) - toUInt64(N / 2), 0, 0, 0, 0]), 1
FROM numbers(${of.fromMinute}, 4320)`,
  });
}

function reference(id: string, acceptedAtMs: number): AcceptedReference {
  return {
    id,
    services: [],
    held: ['cart', 'web'],
    fromMs: START,
    untilMs: START + 4.5 * DAY,
    acceptedBy: 'Ada',
    reason: `normal of ${id}`,
    acceptedAtMs,
    hash: 'h',
    revoked: null,
  };
}

const tick = (nowMs: number) =>
  detectDriftOf(
    { client: engine.client, intent: () => designIntentOf([]), unsampledNames: () => new Set<string>() },
    nowMs,
  );

it('holds services against the reference that people accepted, until they accept another', async () => {
  expect(await tick(NOW)).toEqual([]);

  await insertReference(engine.client, reference('r_1', NOW), '[]');
  const first = await tick(NOW + 3 * MINUTE);
  expect(first).toHaveLength(1);
  expect(first[0]).toMatchObject({
    kind: 'stabilised-bad-state',
    subject: 'cart',
    state: 'confirmed',
    effect: { atEqualLoad: true },
    evidence: { reference: 'r_1' },
  });
  expect(first[0]?.effect.ratio).toBeGreaterThan(1.5);
  expect(first[0]?.effect.ratio).toBeLessThan(2.5);
  expect(Math.abs((first[0]?.onsetAtMs ?? 0) - SLOW_FROM)).toBeLessThan(DAY / 12);

  const second = await tick(NOW + 4 * MINUTE);
  expect(second.map(({ id }) => id)).toEqual(first.map(({ id }) => id));
  expect(await readFindings(engine.client)).toHaveLength(1);

  // Its minutes may be gone by now: what was frozen of them is enough.
  await engine.client.command({
    query: `ALTER TABLE tally_duration_minute DELETE WHERE Minute < fromUnixTimestamp64Milli(toInt64(${START + 2 * DAY}))`,
    clickhouse_settings: { mutations_sync: '2' },
  });
  const third = await tick(NOW + 4 * MINUTE);
  expect(third.map(({ id, state }) => [id, state])).toEqual(first.map(({ id }) => [id, 'confirmed']));
  expect(third[0]?.effect.ratio).toBeCloseTo(first[0]?.effect.ratio ?? 0, 3);

  // Older than rollups are kept, it is still in force; what was confirmed before all that is read stays so without data.
  const late = await tick(NOW + 40 * DAY);
  expect(late.map(({ id, state }) => [id, state])).toEqual(first.map(({ id }) => [id, 'confirmed']));

  await insertRevocation(engine.client, 'r_1', { atMs: NOW, by: 'Ada', reason: 'too short' });
  const silent = await tick(NOW + 5 * MINUTE);
  expect(silent.map(({ state, reasons }) => [state, reasons[0]?.code])).toEqual([
    ['cannot-say', 'REFERENCE_SILENT'],
  ]);

  // What is normal now was measured while it was slow: nothing is off any more.
  const slowToo = { ...reference('r_2', NOW + 1), held: ['cart'], untilMs: START + 4 * DAY };
  await insertReference(engine.client, { ...slowToo, fromMs: NOW - 4 * DAY, untilMs: NOW }, '[]');
  const accepted = await tick(NOW + 6 * MINUTE);
  expect(accepted.map(({ state, reasons }) => [state, reasons[0]?.code, reasons[0]?.text])).toEqual([
    ['closed', 'ACCEPTED_AS_NORMAL', 'Ada accepted a newer reference (r_2): normal of r_2'],
  ]);
  expect(await tick(NOW + 7 * MINUTE)).toEqual([]);
}, 60_000);

it('does not find again what a person closed, until it has doubled', async () => {
  await insertRevocation(engine.client, 'r_2', { atMs: NOW + 2, by: 'Ada', reason: 'it is slow after all' });
  await insertReference(engine.client, reference('r_3', NOW + 3), '[]');
  const [found] = (await tick(NOW + 8 * MINUTE)) as [Finding];
  expect(found.state).toBe('confirmed');
  // It was half as bad when Ada closed it.
  const half = {
    act: 'close',
    atMs: NOW + 9 * MINUTE,
    effectSize: (effectSize(found) as number) / 2.1,
  } as const;
  await insertFindingActs(engine.client, [makeAct(found, half)]);
  const [worse] = (await tick(NOW + 10 * MINUTE)) as [Finding];
  expect(worse).toMatchObject({
    id: `${found.id}~2`,
    state: 'confirmed',
    evidence: { reopens: found.id, groupLeadId: `${found.id}~2` },
  });
  expect((await readFinding(engine.client, found.id))?.reasons).toMatchObject([{ code: 'CLOSED_BY_PERSON' }]);
  expect((await tick(NOW + 11 * MINUTE)).map(({ id }) => id)).toEqual([worse.id]);

  // As bad as it is now, and of another minute: late data may move an episode.
  const moved = { ...worse, id: 'stabilised-bad-state:cart:2026-11-01T00:00:00.000Z' };
  await insertFindingActs(engine.client, [
    makeAct(worse, { act: 'close', atMs: NOW + 12 * MINUTE }),
    makeAct(moved, { act: 'close', atMs: NOW + 12 * MINUTE }),
  ]);
  expect(await tick(NOW + 13 * MINUTE)).toEqual([]);
  expect(await tick(NOW + 14 * MINUTE)).toEqual([]);
  expect(await readFinding(engine.client, worse.id)).toMatchObject({ state: 'closed' });
}, 60_000);
