import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Finding } from '../../core/finding.ts';
import type { Log } from '../../core/log.ts';
import { createGate, type Gate } from '../../gates/gate.ts';
import { verifyLedger } from '../../gates/verify-ledger.ts';
import { createStoreClient } from '../../store/client.ts';
import { readDecisions } from '../../store/decisions.ts';
import { writeFinding } from '../../store/findings.ts';
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
  engine = await startTestEngine({ migrate: true });
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
    const own = await startTestEngine({ migrate: true });
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
