import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { approvalFault } from '../../gates/stages/approval.ts';
import { incidentJson } from '../../main/api/incident-json.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { runPlumbline } from '../main/run-plumbline.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

type IncidentJson = z.infer<typeof incidentJson>;

const SET = `
apiVersion: constraints/v1alpha1
kind: ConstraintSet
metadata: {name: cart, owner: team}
scope: {service: cart}
failureTolerance:
  scale.*: {unknown: hold}
  scale.up: {unknown: allow, gateDown: closed}
`;

let engine: TestEngine;
let dataDir: string;
let api: TestApi;

beforeAll(async () => {
  engine = await startTestEngine({ migrate: true });
  dataDir = mkdtempSync(join(tmpdir(), 'plumbline-incidents-'));
  const constraintsPath = join(dataDir, 'cart.yaml');
  writeFileSync(constraintsPath, SET);
  api = await startTestApi({ dataDir, constraintsPath }, engine);
});
afterAll(async () => {
  await api.close();
  await engine.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const run = (...args: string[]) =>
  runPlumbline([...args, '--api', `http://127.0.0.1:${api.port}`, '--json'], { dataDir, env: {} });

describe('incidents that people open', () => {
  it('are opened, listed and closed once, by the command line as by the API', async () => {
    const opened = JSON.parse(
      (await run('incident', 'open', '--service', 'cart', '--reason', 'payments fail', '--by', 'kim')).stdout,
    ) as IncidentJson;
    expect(incidentJson.parse(opened)).toMatchObject({ service: 'cart', state: 'open', openedBy: 'kim' });
    const listed = JSON.parse((await run('incident', 'list')).stdout) as IncidentJson[];
    expect(listed.map(({ id }) => id)).toEqual([opened.id]);

    await run('incident', 'close', opened.id, '--reason', 'mended', '--by', 'lee');
    const again = await run('incident', 'close', opened.id, '--reason', 'twice', '--by', 'kim');
    expect(JSON.parse(again.stdout)).toMatchObject({
      state: 'closed',
      closed: { by: 'lee', reason: 'mended' },
    });
    expect(JSON.parse((await run('incident', 'list')).stdout)).toEqual([]);
    expect(JSON.parse((await run('incident', 'list', '--all')).stdout)).toHaveLength(1);
  });

  it('need a reason and an id that is one', async () => {
    expect((await run('incident', 'close', 'i_none', '--reason', 'x')).stderr).toContain(
      'There is no incident i_none',
    );
    const empty = await fetch(`http://127.0.0.1:${api.port}/api/v1/incidents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: 'kim', reason: ' ' }),
    });
    expect(empty.status).toBe(400);
  });
});

describe('plumbline approve', () => {
  it('signs a request so that the gate takes it for what it is', async () => {
    const pair = generateKeyPairSync('ed25519');
    const keyFile = join(dataDir, 'alice.pem');
    const requestFile = join(dataDir, 'delete.json');
    writeFileSync(keyFile, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const request = { actor: { id: 'reaper' }, action: { kind: 'delete' }, target: { service: 'cart' } };
    writeFileSync(requestFile, JSON.stringify(request));
    const approve = (...args: string[]) =>
      runPlumbline(['approve', requestFile, '--key', keyFile, '--key-id', 'alice', ...args], {
        dataDir,
        env: {},
      });
    const [done, own, long] = await Promise.all([
      approve('--by', 'alice'),
      approve('--by', 'reaper'),
      approve('--by', 'alice', '--for', '48h'),
    ]);
    const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const fault = approvalFault(JSON.parse(done.stdout), { keys: [{ id: 'alice', publicKey }] }, Date.now());
    expect(fault).toBeNull();
    expect(own.stderr).toContain('a second person must approve');
    expect(long.stderr).toContain('"48h" is no time up to 24h');
  });
});

describe('fail modes', () => {
  it('are published for clients: what is written first, the narrower rule before the wider', async () => {
    const list = async (query: string) => {
      const response = await fetch(`http://127.0.0.1:${api.port}/api/v1/fail-modes${query}`);
      const { failModes } = (await response.json()) as { failModes: Record<string, unknown>[] };
      return failModes.map(({ kind, unknown, gateDown }) => `${kind} ${unknown} ${gateDown}`);
    };
    const cart = await list('?service=cart');
    expect(cart.slice(0, 2)).toEqual(['scale.up allow closed', 'scale.* hold closed']);
    expect(cart).toContain('rollback allow open');
    expect(cart).toContain('delete deny closed');
    expect(cart.at(-1)).toBe('* hold closed');
    expect((await list('?service=shop'))[0]).not.toBe('scale.up allow closed');
  });
});
