import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toClickhouseTime } from '../../store/clickhouse-time.ts';
import { writeRows } from '../../store/write-rows.ts';
import { k8sEvent } from '../core/action-records.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { runPlumbline } from '../main/run-plumbline.ts';
import { gaugeRow } from '../store/metric-rows.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

const MINUTE = 60_000;
const T0 = Math.floor(Date.now() / MINUTE) * MINUTE - 120 * MINUTE;
const at = (minute: number) => T0 + minute * MINUTE;
const iso = (minute: number) => new Date(at(minute)).toISOString();
const range = `from=${iso(0)}&until=${iso(100)}`;

let engine: TestEngine;
let dataDir: string;
let api: TestApi;

const CONSTRAINTS = `
apiVersion: constraints/v1alpha1
kind: ConstraintSet
metadata: { name: cart, owner: team-cart }
scope: { service: cart }
automation:
  - { actor: scaler, identity: "system:serviceaccount:kube-system:horizontal-pod-autoscaler", gate: required }
`;

beforeAll(async () => {
  engine = await startTestEngine({ migrate: true });
  dataDir = await mkdtemp(join(tmpdir(), 'plumbline-coverage-'));
  const constraintsPath = join(dataDir, 'constraints.yaml');
  await writeFile(constraintsPath, CONSTRAINTS);
  api = await startTestApi({ dataDir, constraintsPath }, engine);
});
afterAll(async () => {
  await api.close();
  await engine.close();
  await rm(dataDir, { recursive: true, force: true });
});

const ask = async (path: string, body?: unknown) => {
  const response = await fetch(`http://127.0.0.1:${api.port}/api/v1${path}`, {
    ...(body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' } }),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const cli = (...args: readonly string[]) =>
  runPlumbline([...args, '--api', `http://127.0.0.1:${api.port}`], { dataDir });

describe('coverage', () => {
  it('is of no action seen before any was', async () => {
    const { status, body } = await ask(`/coverage?${range}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ actors: [], unread: { tooLong: 0, isCut: false } });
    const { stdout } = await cli('coverage', '--from', iso(0), '--until', iso(100));
    expect(stdout.match(/no action seen: whether it is gated is not known/g)).toHaveLength(7);
  });

  it('sets what telemetry tells against what the gate was asked', async () => {
    const log = (minute: number, of: Parameters<typeof k8sEvent>[0]) => {
      const { attributes, resource, body } = k8sEvent(of);
      return {
        Timestamp: toClickhouseTime(at(minute)),
        ReceivedAt: toClickhouseTime(at(minute)),
        LogAttributes: attributes,
        ResourceAttributes: resource,
        Body: body,
      };
    };
    const rescaled = (size: number) => ({
      reason: 'SuccessfulRescale',
      message: `New size: ${size}; reason: cpu resource utilization above target`,
      kind: 'HorizontalPodAutoscaler',
      name: 'cart',
    });
    const desired = (service: string, minute: number, value: number) =>
      gaugeRow({
        service: '',
        metric: 'k8s.deployment.desired',
        resource: { 'k8s.deployment.name': service },
        timeMs: at(minute + 1),
        receivedMs: at(minute + 1) + 100,
        value,
      });
    await writeRows(engine.client, 'otel_logs', [
      log(10, rescaled(4)),
      log(60, rescaled(6)),
      log(61, {
        reason: 'EvictedByVPA',
        message: 'Pod was evicted by VPA',
        kind: 'Pod',
        name: 'cart-6d4cf56db6-x7k2p',
      }),
    ]);
    await writeRows(engine.client, 'otel_metrics_gauge', [
      desired('cart', 59, 4),
      desired('cart', 60, 6), // the event tells of it
      desired('web', 59, 4),
      desired('web', 60, 2), // nobody does
      desired('web', 61, 2),
    ]);
    // Asked as people named it, two minutes before the first.
    await writeRows(engine.client, 'decisions', [
      {
        DecidedAt: toClickhouseTime(at(8)),
        Seq: '1',
        DecisionId: 'd_1',
        Decision: 'allow',
        Mode: 'enforce',
        TargetService: 'cart',
        Request: JSON.stringify({
          actor: { id: 'scaler' },
          action: { kind: 'scale.up' },
          target: { service: 'cart' },
        }),
        Response: JSON.stringify({ decision: 'allow', decisionId: 'd_1', seq: 1, validUntil: iso(9) }),
        Hash: 'h',
      },
    ]);
    const { body } = await ask(`/coverage?${range}`);
    const { actors, stages } = body as {
      actors: readonly Record<string, unknown>[];
      stages: readonly Record<string, unknown>[];
    };
    expect(actors).toEqual([
      {
        actor: 'scaler',
        stage: 'scaling',
        isPerson: false,
        kinds: ['scale.up'],
        actions: 2,
        covered: 1,
        standing: 0,
        open: { 'not-asked': 1 },
        lastAt: iso(60),
      },
      {
        actor: 'unknown',
        stage: 'scaling',
        isPerson: false,
        kinds: ['scale.down'],
        actions: 1,
        covered: 0,
        standing: 0,
        open: { silent: 1 },
        lastAt: iso(60),
      },
      {
        actor: 'vpa',
        stage: 'optimisation',
        isPerson: false,
        kinds: ['rightsize.pods'],
        actions: 1,
        covered: 0,
        standing: 0,
        open: { 'not-asked': 1 },
        lastAt: iso(61),
      },
    ]);
    expect(
      stages.map(({ stage, state }) => `${stage} ${state}`).filter((text) => !text.endsWith('none-seen')),
    ).toEqual(['scaling partly', 'optimisation open']);
    const { stdout } = await cli('coverage', '--from', iso(0), '--until', iso(100));
    expect(stdout).toMatch(/scaling +3 +1 +0 +2 +partly gated/);
    expect(stdout).toMatch(/vpa +optimisation +rightsize\.pods +1 +0 +0 +1 not-asked/);
    expect((await ask(`/coverage?from=${iso(11)}&until=${iso(50)}`)).body['actors']).toEqual([]);
  });

  it('is refused of no time, and of more than is kept', async () => {
    for (const wrong of [
      `from=${iso(9)}&until=${iso(9)}`,
      'from=2020-01-01T00:00:00Z',
      'from=yesterday',
      'since=1',
    ]) {
      expect((await ask(`/coverage?${wrong}`)).status, wrong).toBe(400);
    }
  });
});

describe('changes', () => {
  it('are recorded by people, and listed beside those of pipelines', async () => {
    await writeRows(engine.client, 'otel_logs', [
      {
        Timestamp: toClickhouseTime(at(20)),
        ReceivedAt: toClickhouseTime(at(20)),
        ServiceName: 'cart',
        EventName: 'change.recorded',
        LogAttributes: { 'change.summary': 'new table' },
      },
    ]);
    const told = await cli(
      'change',
      'record',
      '--service',
      'cart',
      '--summary',
      'cache replaced',
      '--expects',
      'low hit ratio',
      '--at',
      iso(30),
      '--by',
      'anna',
    );
    expect(told.stdout).toBe(`Recorded by anna: cart at ${iso(30)}\n`);
    const { body } = await ask(`/changes?${range}&service=cart`);
    expect(body['changes']).toEqual([
      { at: iso(20), service: 'cart', summary: 'new table', expects: null, id: null, recordedBy: null },
      {
        at: iso(30),
        service: 'cart',
        summary: 'cache replaced',
        expects: 'low hit ratio',
        id: expect.stringMatching(/^c_/),
        recordedBy: 'anna',
      },
    ]);
    const { stdout } = await cli('change', 'list', '--from', iso(0), '--until', iso(100));
    expect(stdout).toMatch(/cart +new table +nothing +telemetry/);
    expect((await ask(`/changes?${range}&service=db`)).body).toEqual({ changes: [] });
  });

  it('are refused without a person, without words, and of times to come', async () => {
    const good = { service: 'cart', summary: 's', recordedBy: 'anna' };
    for (const wrong of [
      { recordedBy: ' ' },
      { summary: '' },
      { service: undefined },
      { at: '2100-01-01T00:00:00Z' },
      { more: 1 },
    ]) {
      expect((await ask('/changes', { ...good, ...wrong })).status, JSON.stringify(wrong)).toBe(400);
    }
  });
});
