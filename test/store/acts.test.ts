import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Decision } from '../../core/decision.ts';
import type { AutomationIntent } from '../../core/system-history.ts';
import { toClickhouseTime } from '../../store/clickhouse-time.ts';
import { insertDecisions } from '../../store/decisions.ts';
import { readRows } from '../../store/read-rows.ts';
import { insertChange } from '../../store/recorded-changes.ts';
import { readActs } from '../../store/tallies/read-acts.ts';
import { writeRows } from '../../store/write-rows.ts';
import { auditEntry, k8sEvent } from '../core/action-records.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';

const MINUTE = 60_000;
const T0 = Math.floor(Date.now() / MINUTE) * MINUTE - 10 * 60 * MINUTE;
const at = (minute: number) => T0 + minute * MINUTE;

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: ['action_records'] });
});
afterAll(() => engine.close());

interface Log {
  readonly minute: number;
  readonly eventName?: string;
  readonly service?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly resource?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly receivedMs?: number;
}

const logs = (rows: readonly Log[]) =>
  writeRows(
    engine.client,
    'otel_logs',
    rows.map(({ minute, eventName, service, attributes, resource, body, receivedMs }) => ({
      Timestamp: toClickhouseTime(at(minute)),
      ReceivedAt: toClickhouseTime(receivedMs ?? at(minute) + 500),
      Tenant: 'default',
      ServiceName: service ?? '',
      EventName: eventName ?? '',
      LogAttributes: attributes ?? {},
      ResourceAttributes: resource ?? {},
      Body: body ?? '',
    })),
  );

const event = (minute: number, of: Parameters<typeof k8sEvent>[0]): Log => ({ minute, ...k8sEvent(of) });

/** Of one actor at the gate. */
const decided = (
  minute: number,
  actor: string,
  of: { service?: string; kind?: string; outcome?: 'allow' | 'hold' } = {},
) =>
  insertDecisions(engine.client, [
    {
      decidedAtMs: at(minute),
      mode: 'enforce',
      hash: `${minute}${actor}`,
      request: {
        actor: { id: actor },
        action: { kind: of.kind ?? 'scale.up', to: { replicas: 7 } },
        target: { service: of.service ?? 'cart' },
      },
      response: {
        decision: of.outcome ?? 'allow',
        decisionId: `d${minute}`,
        seq: minute,
        validUntil: new Date(at(minute + 2)).toISOString(),
      } as Decision,
    },
  ]);

const read = (
  from: number,
  until: number,
  { serviceNames = ['cart', 'web'], automation = [] as readonly AutomationIntent[] } = {},
) => readActs(engine.client, { fromMs: at(from), untilMs: at(until), serviceNames, automation });

const declared = (actor: string, identity: string): AutomationIntent => ({
  constraint: `s/${actor}`,
  actor,
  identity,
  gate: 'required',
  standingKinds: [],
  bounds: [],
});

describe('actions', () => {
  it('are found among all log records, from every source, once', async () => {
    const rescale = event(5, {
      reason: 'SuccessfulRescale',
      message: 'New size: 5; reason: cpu resource utilization above target',
      kind: 'HorizontalPodAutoscaler',
      name: 'cart-hpa',
      uid: 'u1',
    });
    const patch = auditEntry({
      verb: 'patch',
      username: 'system:serviceaccount:ops:remediator',
      resource: 'deployments',
      name: 'web',
      request: { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } } },
      time: new Date(at(8)).toISOString(),
    });
    const rollout = {
      type: 'ADDED',
      object: {
        reason: 'RolloutUpdated',
        message: 'Rollout updated to revision 2',
        involvedObject: { kind: 'Rollout', name: 'web' },
        lastTimestamp: new Date(at(9)).toISOString(),
        metadata: { uid: 'u2' },
      },
    };
    await logs([
      rescale,
      rescale, // two collectors saw it
      event(6, { reason: 'Pulled', message: 'Container image present', kind: 'Pod', name: 'cart-1' }),
      {
        minute: 7,
        eventName: 'automation.action',
        service: 'cart',
        attributes: {
          'automation.actor': 'cache-tuner',
          'automation.action.kind': 'cache.ttl',
          'automation.action.to': '75',
          'automation.decision.id': 'd9',
          'user.email': 'someone@example.org',
        },
      },
      { minute: 8, body: JSON.stringify(patch, null, 1) },
      { minute: 8, body: JSON.stringify({ ...patch, verb: 'get' }) },
      { minute: 9, attributes: { 'k8s.resource.name': 'events' }, body: JSON.stringify(rollout) },
      { minute: 9, service: 'web', body: '{"level":"info","reason":"slow","verb":"patch"}' },
      { minute: 9, service: 'web', body: 'SuccessfulRescale of "involvedObject" "reason"' },
    ]);
    const { seen } = await read(0, 20);
    expect(seen.map(({ minute, actor, service, kind, to }) => [minute, actor, service, kind, to])).toEqual([
      [5, 'hpa', 'cart', 'scale.up', 5],
      [7, 'cache-tuner', 'cart', 'cache.ttl', 75],
      [8, 'system:serviceaccount:ops:remediator', 'web', 'deploy', null],
      [9, 'argo-rollouts', 'web', 'rollout.start', null],
    ]);
    expect(seen[1]?.decisionId).toBe('d9');
    // What may tell of an action is kept apart, and nothing else; of that nothing that is not needed.
    const kept = await readRows<{ Attributes: string }>(engine.client, {
      sql: `SELECT arrayStringConcat(mapKeys(LogAttributes), ',') AS Attributes FROM action_records ORDER BY Timestamp, Attributes`,
      params: {},
      about: 'kept',
    });
    expect(kept).toHaveLength(5);
    expect(kept.map(({ Attributes }) => Attributes).join()).not.toContain('user.email');
  });

  it('are those of the actor that people declared, with the decision that covers them', async () => {
    const scale = (minute: number, to: number) =>
      event(minute, {
        reason: 'SuccessfulRescale',
        message: `New size: ${to}; reason: cpu resource utilization above target`,
        kind: 'HorizontalPodAutoscaler',
        name: 'cart',
      });
    await decided(31, 'hpa/prod');
    await decided(40, 'hpa/prod', { outcome: 'hold' });
    await decided(50, 'somebody');
    await decided(55, 'quiet', { service: 'web' });
    await logs([scale(32, 4), scale(41, 6), scale(51, 8)]);
    const account = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';
    const { seen, assumed, decisions } = await read(30, 60, { automation: [declared('hpa/prod', account)] });
    expect(seen.map(({ actor, decisionId }) => [actor, decisionId])).toEqual([
      ['hpa/prod', 'd31'],
      ['hpa/prod', 'd40'],
      ['hpa/prod', null],
    ]);
    expect(decisions).toHaveLength(4);
    expect(decisions[0]).toMatchObject({ minute: 1, outcome: 'allow', validUntilMinute: 3 });
    // Of the others telemetry tells nothing: whoever was allowed acts.
    expect(assumed.map(({ actor, to }) => [actor, to])).toEqual([
      ['somebody', 7],
      ['quiet', 7],
    ]);
    const undeclared = await read(30, 60);
    expect(undeclared.seen.map(({ actor, decisionId }) => [actor, decisionId])[0]).toEqual(['hpa', null]);
  });

  it('of machines are of no service', async () => {
    await logs([
      event(71, {
        reason: 'DisruptionTerminating',
        message: 'Disrupting Node: Empty/Delete',
        kind: 'Node',
        name: 'ip-1',
      }),
      event(72, {
        reason: 'ScaleDownEmpty',
        message: 'Scale-down: removing empty node "ip-2"',
        kind: 'ConfigMap',
        name: 's',
      }),
    ]);
    const { seen } = await read(70, 80);
    expect(seen.map(({ actor, service, kind }) => [actor, service, kind])).toEqual([
      ['karpenter', '', 'consolidate.node'],
      ['cluster-autoscaler', '', 'consolidate.node'],
    ]);
  });
});

describe('changes', () => {
  it('are those of pipelines, of releases and of people who wrote them down', async () => {
    const recorded = {
      minute: 92,
      eventName: 'change.recorded',
      service: 'cart',
      attributes: {
        'change.summary': 'cache replaced',
        'change.expects': 'hit ratio low for 1 h',
        'change.id': 'c1',
      },
    };
    await logs([
      recorded,
      { ...recorded, minute: 93 },
      {
        minute: 91,
        service: 'web',
        attributes: { 'deployment.status': 'succeeded', 'deployment.id': '7', 'deployment.name': 'web 2' },
      },
    ]);
    const change = {
      id: 'w1',
      atMs: at(94),
      service: 'cart',
      summary: 'by hand',
      expects: null,
      recordedBy: 'anna',
      recordedAtMs: at(95),
    };
    await insertChange(engine.client, change);
    await insertChange(engine.client, change);
    const { changes, seen } = await read(90, 100);
    expect(changes).toEqual([
      { minute: 1, service: 'web', summary: 'deployment web 2', expects: null },
      { minute: 2, service: 'cart', summary: 'cache replaced', expects: 'hit ratio low for 1 h' },
      { minute: 4, service: 'cart', summary: 'by hand', expects: null },
    ]);
    expect(seen.map(({ actor, kind, service }) => [actor, kind, service])).toEqual([
      ['deployment', 'deploy', 'web'],
    ]);
  });
});

describe('what is no good', () => {
  it('is left out, and what is too long is counted', async () => {
    const huge = JSON.stringify({
      ...auditEntry({ verb: 'patch', username: 'a', resource: 'deployments' }),
      responseObject: 'x'.repeat(70_000),
    });
    await logs([
      { minute: 111, body: huge },
      { minute: 112, body: '{"auditID":"a","verb":"patch","objectRef":{"resource":"pods"' },
      { minute: 113, body: '{"auditID":7,"verb":"patch","user":[],"objectRef":{"resource":"pods"}}' },
      { minute: 114, eventName: 'automation.action', attributes: { 'automation.actor': '' } },
      { minute: 115, attributes: { 'k8s.event.reason': 'SuccessfulRescale' }, body: '\u0000\uffff' },
      { minute: 116, eventName: 'change.recorded', attributes: { 'change.summary': 'of nothing' } },
      { minute: -60 * 24 * 31, receivedMs: at(116), attributes: { 'k8s.event.reason': 'SuccessfulRescale' } },
    ]);
    const { seen, changes, tooLong, isCut } = await read(110, 120);
    expect(seen.map(({ kind, service }) => [kind, service])).toEqual([['scale', '']]);
    expect({ changes, tooLong, isCut }).toEqual({ changes: [], tooLong: 1, isCut: false });
    const old = await read(-60 * 24 * 32, 0);
    expect(old.seen).toEqual([]);
  });
});

describe('candidates', () => {
  it('are the same rows when they are made again from the log records of all', async () => {
    const { client } = engine;
    const [view] = await readRows<{ Select: string }>(client, {
      sql: `SELECT as_select AS Select FROM system.tables WHERE name = 'action_records_mv'`,
      params: {},
      about: 'view',
    });
    await client.command({ query: 'CREATE TABLE again AS action_records' });
    const columns =
      'Timestamp, ReceivedAt, Tenant, ServiceNamespace, ServiceName, EventName, LogAttributes, ResourceAttributes, Body, BodyBytes';
    await client.command({
      query: `INSERT INTO again (${columns}) SELECT ${columns} FROM (${view?.Select})`,
    });
    const bits = async (table: string) =>
      readRows<{ rows: string; bits: string }>(client, {
        sql: `SELECT count() AS rows, sum(cityHash64(*)) AS bits FROM ${table}`,
        params: {},
        about: table,
      });
    const before = await bits('action_records');
    expect(Number(before[0]?.rows)).toBeGreaterThan(10);
    expect(await bits('again')).toEqual(before);
  });
});
