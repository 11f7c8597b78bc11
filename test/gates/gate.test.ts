import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Finding } from '../../core/finding.ts';
import { type Incident, isIncidentOpen } from '../../core/incident.ts';
import type { Log } from '../../core/log.ts';
import { createGate, type Gate } from '../../gates/gate.ts';
import { verifyLedger } from '../../gates/verify-ledger.ts';
import { createStoreClient } from '../../store/client.ts';
import { readDecisions } from '../../store/decisions.ts';
import { writeFinding } from '../../store/findings.ts';
import { writeIncident } from '../../store/incidents.ts';
import { readOverdueHolds } from '../../store/read-overdue-holds.ts';
import { insertVerdicts } from '../../store/verdicts.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { askOf, NOW_MS, tracesVerdicts, type VerdictFacts } from './judged-world.ts';

const SET = `
apiVersion: constraints/v1alpha1
kind: ConstraintSet
metadata: {name: bounded, owner: team}
scope: {service: bounded}
boundaries: {replicas: {max: 10}}
`;

let engine: TestEngine;
let dataDir: string;
let clockMs: number;
let lines: string[];
let gates: Gate[];

beforeAll(async () => {
  engine = await startTestEngine({
    migrate: true,
    tallies: ['tally_duration_minute', 'tally_peer_ten_minutes', 'tally_service', 'tally_volume'],
  });
});
afterAll(() => engine.close());

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'plumbline-gate-'));
  clockMs = NOW_MS;
  lines = [];
  gates = [];
});
afterEach(async () => {
  await Promise.all(gates.map((gate) => gate.close()));
  rmSync(dataDir, { recursive: true, force: true });
});

const say = (_facts: object, text: string) => void lines.push(text);
const log: Log = { info: say, warn: say, error: say };

async function gateOn(of: { constraintsPath?: string; client?: TestEngine['client'] } = {}): Promise<Gate> {
  const { client = engine.client, constraintsPath } = of;
  const gate = await createGate({ client, dataDir, constraintsPath, now: () => clockMs, log });
  gates.push(gate);
  return gate;
}

const ask = (gate: Gate, service: string, kind = 'scale.down') =>
  gate.ask(
    askOf({
      kind,
      from: { replicas: 8 },
      to: { replicas: kind === 'scale.up' ? 9 : 6 },
      target: { service },
    }),
  );

async function judge(
  serviceName: string,
  outcome: 'pass' | 'fail' | 'unknown',
  facts: VerdictFacts = {},
): Promise<void> {
  await insertVerdicts(
    engine.client,
    tracesVerdicts(outcome, { serviceName, evaluatedAtMs: clockMs, ...facts }),
  );
}

/** Generous: a busy machine is no fault of ours. */
const soon = (check: () => unknown) => vi.waitFor(check, 15_000);

describe('the gate on a real store', () => {
  it('follows the verdicts within seconds, and their expiry at once', async () => {
    const gate = await gateOn();
    await soon(() => expect(gate.ready()).toBe(true));
    expect((await ask(gate, 'follows')).decision).toBe('hold');

    await judge('follows', 'pass');
    await soon(async () => expect((await ask(gate, 'follows')).decision).toBe('allow'));
    clockMs += 2_000;
    await judge('follows', 'fail');
    await soon(async () => expect((await ask(gate, 'follows')).decision).toBe('hold'));
    clockMs += 20_000;
    const expired = await ask(gate, 'follows');
    expect(expired.reasons[0]?.text).toContain('VERDICT_EXPIRED');
    expect((await ask(gate, 'follows', 'scale.up')).decision).toBe('allow');
  });

  it('holds scale-down while a finding is open', async () => {
    const finding: Finding = {
      id: 'bad-1',
      kind: 'stabilised-bad-state',
      subject: 'found',
      culprit: null,
      state: 'confirmed',
      onsetAtMs: NOW_MS - 60_000,
      detectedAtMs: NOW_MS,
      closedAtMs: null,
      effect: { metric: 'ok_ratio', ratio: 0.5, lower: 0.4, upper: 0.6, atEqualLoad: true },
      confidence: 0.99,
      reasons: [],
      evidence: {},
      decisions: [],
    };
    await judge('found', 'pass');
    await writeFinding(engine.client, finding, NOW_MS);
    const gate = await gateOn();
    await soon(() => expect(gate.ready()).toBe(true));
    expect((await ask(gate, 'found')).reasons[0]?.code).toBe('FINDING_OPEN');
    await writeFinding(engine.client, { ...finding, state: 'closed', closedAtMs: NOW_MS }, NOW_MS + 1);
    await soon(async () => expect((await ask(gate, 'found')).decision).toBe('allow'));
  });

  it('copies every decision into the store, in order, once, also those of before a restart', async () => {
    const first = await gateOn();
    for (let index = 0; index < 5; index++) await ask(first, 'copied');
    await first.close();
    gates = [];
    const second = await gateOn();
    const last = await ask(second, 'copied');
    await soon(async () => {
      const rows = await readDecisions(engine.client, { service: 'copied' });
      expect(rows.map(({ response }) => response.seq)).toEqual([6, 5, 4, 3, 2, 1]);
      expect(rows[0]?.response).toEqual({ ...last, receipt: null });
    });
    expect(second.checkpoint().seq).toBe(6);
    expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: 6 });
  });

  it('takes changed constraints at once, and keeps the last good ones', async () => {
    const constraintsPath = join(dataDir, 'bounded.yaml');
    writeFileSync(constraintsPath, SET);
    await judge('bounded', 'pass');
    const gate = await gateOn({ constraintsPath });
    await soon(() => expect(gate.ready()).toBe(true));
    const decisionOn = async () => (await ask(gate, 'bounded')).decision;
    expect(await decisionOn()).toBe('allow');
    expect(gate.effective()[0]?.origin.file).toBe(constraintsPath);

    writeFileSync(constraintsPath, SET.replace('max: 10', 'max: 5'));
    await soon(async () => expect(await decisionOn()).toBe('deny'));
    writeFileSync(constraintsPath, SET.replace('boundaries', 'bounds'));
    await soon(() => expect(lines.join('\n')).toContain(`${constraintsPath}:6:1: unknown key "bounds"`));
    expect(await decisionOn()).toBe('deny');
    expect(gate.lint('a: 1', 'a.yaml').set).toBeNull();
  });

  it('denies optimisation while the service misses its written intent', async () => {
    const constraintsPath = join(dataDir, 'intended.yaml');
    const intent = 'intent: [{id: ok, expr: traces.ok_ratio, target: ">= 0.99"}]\n';
    writeFileSync(constraintsPath, SET.replaceAll('bounded', 'intended') + intent);
    await judge('intended', 'pass');
    const Bucket = Math.floor((NOW_MS - 60_000) / 10_000) * 10;
    const weight = { WeightKind: 'threshold', WeightKey: '0' };
    const values = [
      { ServiceName: 'intended', Bucket, ...weight, Requests: 500, Errors: 100, DurationBins: {} },
    ];
    await engine.client.insert({ table: 'tally_service', values, format: 'JSONEachRow' });
    const gate = await gateOn({ constraintsPath });
    await soon(async () => expect((await ask(gate, 'intended', 'rightsize.down')).decision).toBe('deny'));
    expect((await ask(gate, 'intended', 'rightsize.down')).reasons[0]?.code).toBe('INTENT_UNMET');
    expect((await ask(gate, 'intended', 'scale.down')).decision).toBe('allow');
  });

  it('refuses to start on bad constraints', async () => {
    const constraintsPath = join(dataDir, 'bad.yaml');
    writeFileSync(constraintsPath, 'kind: X');
    await expect(gateOn({ constraintsPath })).rejects.toMatchObject({ code: 'constraints_invalid' });
  });

  it('refuses questions it cannot judge, and all of them once it closes', async () => {
    const gate = await gateOn();
    await expect(gate.ask(askOf({ target: {} }))).rejects.toMatchObject({ code: 'request_invalid' });
    await gate.close();
    gates = [];
    await expect(ask(gate, 'late')).rejects.toMatchObject({ code: 'draining' });
  });
});

describe('limits over recent actions, on a real store', () => {
  const limited = (name: string, lines: string) => {
    const constraintsPath = join(dataDir, `${name}.yaml`);
    writeFileSync(constraintsPath, `${SET.replaceAll('bounded', name)}${lines}\n`);
    return constraintsPath;
  };
  const BUDGET = 'guardrails: {changeBudget: {per: 10m, maxActions: 3}}';
  const count = (decisions: readonly { decision: string }[]) =>
    decisions.filter(({ decision }) => decision === 'allow').length;

  it('gives the last slot once to many that ask at the same time, and keeps count over a restart', async () => {
    const constraintsPath = limited('slots', BUDGET);
    await judge('slots', 'pass', { validForMs: 600_000 });
    const first = await gateOn({ constraintsPath });
    await soon(async () => expect((await ask(first, 'slots')).decision).toBe('allow'));
    const many = await Promise.all(Array.from({ length: 40 }, () => ask(first, 'slots')));
    expect(count(many)).toBe(2);
    expect(many.find(({ decision }) => decision === 'hold')?.reasons[0]?.code).toBe('BUDGET_USED');
    await first.close();
    gates = [];
    const second = await gateOn({
      constraintsPath,
      client: createStoreClient({ url: 'http://127.0.0.1:9' }),
    });
    expect((await ask(second, 'slots')).reasons.map(({ code }) => code)).toContain('BUDGET_USED');
  });

  it('counts what another replica allowed, within seconds', async () => {
    const constraintsPath = limited('shared', BUDGET);
    await judge('shared', 'pass', { validForMs: 600_000 });
    const one = await gateOn({ constraintsPath });
    await soon(async () => expect((await ask(one, 'shared')).decision).toBe('allow'));
    await ask(one, 'shared');
    await ask(one, 'shared');
    const otherDir = mkdtempSync(join(tmpdir(), 'plumbline-gate-'));
    const other = await createGate({
      client: engine.client,
      dataDir: otherDir,
      constraintsPath,
      now: () => clockMs,
      log,
    });
    gates.push(other);
    await soon(async () => {
      const held = await ask(other, 'shared', 'tune.cache');
      expect(held.reasons.map(({ code }) => code)).toContain('BUDGET_USED');
    });
    clockMs += 600_000;
    await judge('shared', 'pass', { validForMs: 600_000 });
    await soon(async () => expect((await ask(other, 'shared')).decision).toBe('allow'));
    rmSync(otherDir, { recursive: true, force: true });
  });

  it('stops a repair after which the intent got no better, and goes on after one that helped', async () => {
    const lines = `intent: [{id: ok, expr: traces.ok_ratio, target: ">= 0.99"}]
guardrails: {repairEffect: {watch: ok, within: 2m}}`;
    const constraintsPath = limited('repaired', lines);
    const atMs = NOW_MS;
    const spans = (fromS: number, untilS: number, Errors: number) =>
      Array.from({ length: (untilS - fromS) / 10 }, (_, index) => ({
        ServiceName: 'repaired',
        Bucket: atMs / 1_000 + fromS + 10 * index,
        WeightKind: 'threshold',
        WeightKey: '0',
        Requests: 100,
        Errors,
        DurationBins: {},
      }));
    const values = [...spans(-120, 0, 30), ...spans(60, 120, 30), ...spans(180, 300, 2)];
    await engine.client.insert({ table: 'tally_service', values, format: 'JSONEachRow' });
    const gate = await gateOn({ constraintsPath });
    await judge('repaired', 'pass', { validForMs: 600_000 });
    await soon(() => expect(gate.ready()).toBe(true));
    const restart = async () => {
      const { decision, reasons } = await ask(gate, 'repaired', 'restart.many');
      return [decision, ...reasons.map(({ code }) => code)];
    };
    await soon(async () => expect(await restart()).toContain('allow'));
    clockMs += 140_000;
    await soon(async () => expect(await restart()).toContain('REPAIR_NO_EFFECT'));
    expect((await restart())[0]).toBe('deny');
  });

  it('looks up whether anybody uses what is to be deleted: held meanwhile, then answered', async () => {
    const lines =
      'stages: {decommissioning: {gate: [delete], proveUnused: {for: 2h, completeness: ">= 95%"}}}';
    const dayMs = Math.floor(Date.now() / 60_000) * 60_000; // tallies expire
    clockMs = dayMs;
    for (const name of ['unused', 'used', 'silent']) {
      limited(name, lines);
      await judge(name, 'pass', { validForMs: 600_000 });
    }
    const minutes = Array.from({ length: 130 }, (_, index) => dayMs / 1_000 - 60 * index);
    const volume = ['unused', 'used'].flatMap((ServiceName) =>
      minutes.map((Minute) => ({ ServiceName, Signal: 'metrics', Minute, Items: 1 })),
    );
    await engine.client.insert({ table: 'tally_volume', values: volume, format: 'JSONEachRow' });
    const Bucket = Math.floor(dayMs / 600_000) * 600 - 3_600;
    const called = [{ ServiceName: 'web', Bucket, Peer: 'used', Attempts: 3 }];
    await engine.client.insert({ table: 'tally_peer_ten_minutes', values: called, format: 'JSONEachRow' });
    const gate = await gateOn({ constraintsPath: dataDir });
    await soon(() => expect(gate.ready()).toBe(true));
    const answer = async (name: string) => {
      const { decision, reasons } = await ask(gate, name, 'delete');
      return `${decision} ${reasons[0]?.code}`;
    };
    expect(await answer('unused')).toBe('hold USE_UNKNOWN');
    await soon(async () => expect(await answer('unused')).toBe('allow OK'));
    await soon(async () => expect(await answer('used')).toBe('deny USED'));
    await soon(async () => expect(await answer('silent')).toBe('deny USE_UNKNOWN'));
  });

  it('tells of a hold that is older than people meant, once, until it ends', async () => {
    const lines = 'failureTolerance: {scale.down: {unknown: hold, holdMax: 1m}}';
    const gate = await gateOn({ constraintsPath: limited('overdue', lines) });
    await soon(() => expect(gate.ready()).toBe(true));
    await ask(gate, 'overdue');
    clockMs += 61_000;
    const told = await ask(gate, 'overdue');
    expect(told.reasons.map(({ code }) => code)).toContain('HOLD_OVERDUE');
    const found = async () =>
      (await readOverdueHolds(engine.client, clockMs)).filter(({ subject }) => subject === 'overdue');
    await soon(async () => expect(await found()).toHaveLength(1));
    expect((await found())[0]).toMatchObject({ state: 'confirmed', culprit: 'hpa/checkout' });
    expect((await found())[0]?.decisions).toContain(told.decisionId);
    await judge('overdue', 'pass');
    await soon(async () => expect((await ask(gate, 'overdue')).decision).toBe('allow'));
    await soon(async () => expect((await found())[0]?.state).toBe('closed'));
  });

  it('knows open incidents of this replica at once, and of others within seconds', async () => {
    const gate = await gateOn();
    await soon(() => expect(gate.incidents().isComplete).toBe(true));
    const incident: Incident = {
      id: 'i_1',
      service: 'shop',
      reason: 'payments fail',
      openedAtMs: clockMs,
      openedBy: 'kim',
      closed: null,
    };
    gate.noteIncident(incident);
    expect(isIncidentOpen(gate.incidents(), 'shop')).toBe('true');
    expect(isIncidentOpen(gate.incidents(), 'cart')).toBe('false');
    await writeIncident(engine.client, { ...incident, id: 'i_2', service: null });
    await soon(() => expect(isIncidentOpen(gate.incidents(), 'cart')).toBe('true'));
    const closed = { atMs: clockMs, by: 'kim', reason: 'over' };
    await writeIncident(engine.client, { ...incident, id: 'i_2', service: null, closed });
    await soon(() => expect(isIncidentOpen(gate.incidents(), 'cart')).toBe('false'));
    clockMs += 16_000;
    expect(isIncidentOpen({ ...gate.incidents(), open: [] }, 'cart')).toBe('unknown');
  });
});

describe('the gate without a store', () => {
  it('is not ready, answers by fail modes, records, and says so once', async () => {
    const client = createStoreClient({ url: 'http://127.0.0.1:9' });
    const gate = await gateOn({ client });
    await soon(() => expect(lines.join('\n')).toContain('Verdicts cannot be read'));
    expect(gate.ready()).toBe(false);
    expect((await ask(gate, 'alone')).decision).toBe('hold');
    expect((await ask(gate, 'alone', 'scale.up')).decision).toBe('allow');
    expect(verifyLedger(dataDir).lineCount).toBe(2);
    await client.close();
  });

  it('forgets what it knew when the store goes away, and goes on answering', async () => {
    const own = await startTestEngine({
      migrate: true,
      tallies: ['tally_duration_minute', 'tally_peer_ten_minutes', 'tally_service', 'tally_volume'],
    });
    await insertVerdicts(own.client, tracesVerdicts('pass', { serviceName: 'lost', evaluatedAtMs: clockMs }));
    const client = createStoreClient(own);
    const gate = await gateOn({ client });
    await soon(async () => expect((await ask(gate, 'lost')).decision).toBe('allow'));
    await own.kill();
    expect((await ask(gate, 'lost')).decision).toBe('allow');
    clockMs += 16_000;
    expect((await ask(gate, 'lost')).decision).toBe('hold');
    await client.close();
    rmSync(own.dataDir, { recursive: true, force: true });
  });
});
