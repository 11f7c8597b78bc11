import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { detectDrift } from '../../../detectors/detect-drift.ts';
import { viewSystem } from '../../../detectors/equal-load/system-view.ts';
import { writeOtlp } from '../../../eval/drift/to-otlp.ts';
import { loadConstraints } from '../../../gates/constraints/constraints.ts';
import { designIntentOf } from '../../../gates/constraints/design-intent-of.ts';
import { parseReferencePeriod } from '../../../main/replay/reference-period.ts';
import { replay } from '../../../main/replay/replay.ts';
import { keepForGood } from '../../../store/keep-for-good.ts';
import { readRows } from '../../../store/read-rows.ts';
import { readSystemHistory } from '../../../store/tallies/read-system-history.ts';
import { startTestEngine, type TestEngine } from '../../engine-process.ts';
import { temporaryFolder } from '../../ingest/temporary-folder.ts';
import { runPlumbline } from '../run-plumbline.ts';
import { MOVED_MINUTE, SMALL_RUN_CONSTRAINTS, START_MS, smallRun } from './small-run.ts';

const MINUTE = 60_000;
const history = smallRun();
const EXACT = [
  'requests',
  'meanMs',
  'selfMs',
  'criticalPathMs',
  'replicas',
  'cpuTarget',
  'cpuRatio',
  'version',
] as const;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
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
let files: readonly string[];
let constraints: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  engine = await startTestEngine({ migrate: true, tallies: TALLIES });
  await keepForGood(engine.client);
  files = (await writeOtlp(history, folder.path)).telemetry;
  constraints = join(folder.path, 'small.yaml');
  await writeFile(constraints, SMALL_RUN_CONSTRAINTS);
}, 60_000);
afterAll(async () => {
  await engine.close();
  await folder[Symbol.asyncDispose]();
});

it('finds in recorded telemetry what is found in the history that it was written from', async () => {
  const sets = loadConstraints(constraints);
  const replayed = await replay(
    { client: engine.client, folder: folder.path },
    { files, ledgers: [], sets, reference: parseReferencePeriod('0h..3h') },
  );
  const accepted = { fromMinute: 0, untilMinute: 180 };
  const direct = detectDrift(viewSystem({ ...history, intent: designIntentOf(sets) }, accepted));
  const minuteOf = (ms: number) => (ms - START_MS) / MINUTE;
  expect(
    replayed.findings.map(({ kind, subject, culprit, onsetAtMs, detectedAtMs }) => ({
      kind,
      subject,
      culprit,
      onset: minuteOf(onsetAtMs),
      detected: minuteOf(detectedAtMs),
    })),
  ).toEqual(
    direct.map(({ kind, subject, culprit, onsetMinute, detectedMinute }) => ({
      kind,
      subject,
      culprit,
      onset: onsetMinute,
      detected: detectedMinute,
    })),
  );
  expect(replayed.findings[0]).toMatchObject({ kind: 'ungated-action', subject: 'cart', culprit: 'tuner' });
  expect(replayed.covers).toEqual({ fromMs: START_MS + MINUTE, untilMs: START_MS + 360 * MINUTE });
  expect(replayed.serviceNames).toEqual(['cart', 'web']);
  expect(replayed.unreadableCount).toBe(0);
});

it('reads the series back that were written', async () => {
  const read = await readSystemHistory(engine.client, {
    serviceNames: ['cart', 'web'],
    unsampledNames: new Set(),
    intent: history.intent,
    fromMs: START_MS,
    untilMs: START_MS + history.minutes * MINUTE,
  });
  const worst = (name: string, of: (series: (typeof history)['services']) => Float64Array | undefined) => {
    const [written, back] = [of(history.services), of(read.services)];
    expect(back?.length, name).toBe(written?.length);
    return Math.max(...(written ?? []).map((value, i) => Math.abs((back?.[i] as number) / value - 1)));
  };
  for (const name of EXACT) {
    for (const service of ['cart', 'web'])
      expect(
        worst(name, (services) => services.get(service)?.series[name]),
        `${service} ${name}`,
      ).toBeLessThan(1e-6);
  }
  for (const name of ['p50Ms', 'p99Ms'] as const) {
    expect(
      worst(name, (services) => services.get('cart')?.series[name]),
      name,
    ).toBeLessThan(0.01);
  }
  const { errors, rejected } = read.services.get('web')?.series ?? {};
  expect(errors?.slice(0, 31)).toEqual(history.services.get('web')?.series.errors?.slice(0, 31));
  expect(rejected?.slice(0, 31)).toEqual(history.services.get('web')?.series.rejected?.slice(0, 31));
  const [edge] = read.edges;
  expect(read.edges).toHaveLength(1);
  expect(edge?.calls).toEqual(history.edges[0]?.calls);
  expect(edge?.attempts).toEqual(history.edges[0]?.attempts);
  expect(edge?.failures).toEqual(history.edges[0]?.failures);
  expect(edge?.latencyMs[3]).toBeCloseTo(52, 6);
});

it('stores every item as if it came when it happened', async () => {
  const [row] = await readRows<{ ahead: string; late: string; n: string }>(engine.client, {
    sql: `SELECT countIf(TimeUnix > ReceivedAt) AS ahead, countIf(TimeUnix < ReceivedAt - INTERVAL 10 MINUTE) AS late, count() AS n
      FROM otel_metrics_gauge`,
    params: {},
    about: 'otel_metrics_gauge',
  });
  expect(row).toEqual({ ahead: '0', late: '0', n: String(2 * 5 * history.minutes) });
});

it('says what it found and what it could not read, and leaves nothing behind', async () => {
  const logs = await readFile(join(folder.path, 'logs.json'), 'utf8');
  const broken = join(folder.path, 'broken.json');
  await writeFile(broken, `${logs}no telemetry\n${logs.slice(0, 80)}\n`);
  await using temporary = await temporaryFolder();
  const args = ['--reference', '0h..3h', '--constraints', constraints, files[0] as string, broken];
  const finished = await runPlumbline(['replay', '--json', ...args], {
    dataDir: join(temporary.path, 'data'),
    env: { TMPDIR: temporary.path },
  });
  expect(finished).toMatchObject({ code: 10 });
  expect(finished.stderr).toContain(`${broken}, line 2:`);
  const { findings, replay: read } = JSON.parse(finished.stdout);
  expect(findings[0]).toMatchObject({
    kind: 'ungated-action',
    subject: 'cart',
    onsetAt: new Date(START_MS + MOVED_MINUTE * MINUTE).toISOString(),
  });
  expect(read).toMatchObject({
    unreadableCount: 2,
    unreadable: [{ place: 'line 2' }, { place: 'line 3' }],
    signals: { logs: { items: 1 } },
  });
  expect(await readdir(temporary.path)).toEqual([]);
}, 60_000);

it.each([
  ['a file that is not there', ['nowhere.json'], 'nowhere.json cannot be read'],
  ['a period that is none', ['--reference', 'last-week', 'x.json'], '--reference last-week is no period'],
])('refuses %s at once', async (_, args, why) => {
  const path = join(folder.path, 'x.json');
  await writeFile(path, '');
  const finished = await runPlumbline(['replay', ...args.map((arg) => (arg === 'x.json' ? path : arg))], {
    dataDir: folder.path,
  });
  expect(finished).toMatchObject({ code: 2 });
  expect(finished.stderr).toContain(why);
});
