import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parsePublicKeys } from '../../gates/receipts/public-key.ts';
import { openNote } from '../../gates/receipts/signed-note.ts';
import { parseTreeHead } from '../../gates/receipts/tree-head.ts';
import { verifyReceipt } from '../../gates/receipts/verify-receipt.ts';
import { verifyLedger } from '../../gates/verify-ledger.ts';
import { decisionWithOutcomesJson } from '../../main/api/decision-json.ts';
import { insertDecisions } from '../../store/decisions.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { sampleDecision } from './samples.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

const DAY = 86_400_000;
const AT_MS = Date.now() - DAY;
const QUESTION = {
  actor: { id: 'hpa/checkout' },
  action: { kind: 'scale.down', from: { replicas: 6 }, to: { replicas: 4 } },
  target: { service: 'checkout' },
};

let engine: TestEngine;
let dataDir: string;
let api: TestApi;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true });
  dataDir = await mkdtemp(join(tmpdir(), 'plumbline-outcomes-'));
  api = await startTestApi({ dataDir, keyFiles: { checkpointDir: join(dataDir, 'elsewhere') } }, engine);
});
afterAll(async () => {
  await api.close();
  await engine.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function ask(path: string, init?: RequestInit): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${api.port}/api/v1${path}`, init);
  return { status: response.status, text: await response.text() };
}
const get = async (path: string) => JSON.parse((await ask(path)).text);
async function post(path: string, body: unknown) {
  const headers = { 'content-type': 'application/json' };
  const { status, text } = await ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status, body: JSON.parse(text) };
}
const tell = (id: string, outcome: object) =>
  post(`/decisions/${id}/outcome`, { acted: true, result: 'bad', by: 'ada', ...outcome });
const reasonOf = (constraint: string, severity: 'blocking' | 'info' = 'blocking') => ({
  ...{ code: 'X', text: 'x', constraint, severity, since: null, evidence: null },
});

/** Holds of the last day by one constraint or more. */
async function insertHolds(held: Readonly<Record<string, readonly ReturnType<typeof reasonOf>[]>>) {
  const rows = Object.entries(held).map(([decisionId, reasons], index) => {
    const row = sampleDecision({ decisionId, seq: 1_000 + index, reasons });
    return { ...row, decidedAtMs: AT_MS + index };
  });
  await insertDecisions(engine.client, rows);
}

describe('a decision', () => {
  it('is answered with a receipt that the served key verifies, and in shadow mode with none', async () => {
    const { body } = await post('/decisions', QUESTION);
    const keys = parsePublicKeys((await ask('/keys')).text);
    const action = { kind: 'scale.down', target: QUESTION.target };
    const check = verifyReceipt(body.receipt, { keys, action, nowMs: Date.now() });
    expect(check).toMatchObject({ isValid: false, reason: 'not_an_allow' }); // its data are unknown: a hold, signed
    expect((await post('/decisions', { ...QUESTION, mode: 'shadow' })).body.receipt).toBeNull();
  });

  it('stands in a ledger whose signed state is served as text, and copied elsewhere', async () => {
    const { text } = await ask('/ledger/checkpoint', { headers: { accept: 'text/plain' } });
    const opened = openNote(text, parsePublicKeys((await ask('/keys')).text)) as { text: string };
    expect(parseTreeHead(opened.text)?.origin).toBe((await get('/keys')).keys[0].name);
    const [copied = ''] = await readdir(join(dataDir, 'elsewhere'));
    expect(await readFile(join(dataDir, 'elsewhere', copied), 'utf8')).toBe(text);
    const { status } = await ask('/ledger/checkpoint', { headers: { accept: 'image/png' } });
    expect(status).toBe(400);
  });
});

describe('outcomes', () => {
  it('are lines of the ledger, all kept, and shown with their decision', async () => {
    const { decisionId } = (await post('/decisions', QUESTION)).body;
    const known = async () => (await ask(`/decisions/${decisionId}`)).status;
    await expect.poll(known).toBe(200);
    const first = await tell(decisionId, { result: 'good', note: 'nothing happened' });
    expect(first).toMatchObject({ status: 200, body: { acted: true, result: 'good', by: 'ada' } });
    const second = await tell(decisionId, { result: 'bad', by: 'grace' });
    expect(second.body.seq).toBe(first.body.seq + 1);
    await expect.poll(async () => (await get(`/decisions/${decisionId}`)).outcomes.length).toBe(2);
    const shown = decisionWithOutcomesJson.parse(await get(`/decisions/${decisionId}`));
    expect(shown.outcomes).toEqual([first.body, second.body]);
    const seen: unknown[] = [];
    verifyLedger(dataDir, { onLine: (row) => 'outcome' in row && seen.push(row.outcome) });
    const of = { decisionId, acted: true };
    expect(seen).toEqual([
      { ...of, result: 'good', note: 'nothing happened', by: 'ada' },
      { ...of, result: 'bad', note: null, by: 'grace' },
    ]);
  });

  it.each([
    ['of no decision', 'd_none', {}, 404],
    ['by nobody', 'd_none', { by: ' ' }, 400],
    ['with a result that is none', 'd_none', { result: 'fine' }, 400],
    ['with more than is asked', 'd_none', { right: true }, 400],
  ])('are refused %s', async (_name, id, outcome, status) => {
    expect((await tell(id, outcome)).status).toBe(status);
  });
});

describe('precision of constraints', () => {
  it('counts what was rightly held by the newest outcomes, and is unknown where nobody told', async () => {
    await insertHolds({
      p_acted_bad: [reasonOf('set/a')],
      p_acted_good: [reasonOf('set/a'), reasonOf('set/a'), reasonOf('set/b')],
      p_left_good: [reasonOf('set/a')],
      p_left_bad: [reasonOf('set/a')],
      p_contradicted: [reasonOf('set/a'), reasonOf('set/i', 'info')],
      p_unknown: [reasonOf('set/a')],
      p_untold: [reasonOf('set/a'), reasonOf('set/c')],
    });
    for (const [id, outcome] of [
      ['p_acted_bad', { acted: true, result: 'bad' }],
      ['p_acted_good', { acted: true, result: 'good' }],
      ['p_left_good', { acted: false, result: 'good' }],
      ['p_left_bad', { acted: false, result: 'bad' }],
      ['p_contradicted', { acted: true, result: 'good' }],
      ['p_contradicted', { acted: true, result: 'bad' }],
      ['p_unknown', { acted: true, result: 'unknown' }],
    ] as const)
      expect((await tell(id, outcome)).status).toBe(200);
    const period = `from=${new Date(AT_MS).toISOString()}&until=${new Date(AT_MS + 1_000).toISOString()}`;
    const read = async () => (await get(`/constraints/precision?${period}`)).constraints;
    // The last that is told of p_contradicted may be copied a second later than all others.
    await expect.poll(async () => (await read())[0]).toMatchObject({ n: 5, right: 3 });
    const unknown = { precision: null, lower: null, upper: null, state: 'unknown' };
    expect(await read()).toEqual([
      {
        ...{ constraint: 'set/a', held: 7, n: 5, right: 3, state: 'known', precision: 0.6 },
        ...{ lower: expect.closeTo(0.2307, 4), upper: expect.closeTo(0.8824, 4) }, // Wilson, 3 of 5
      },
      {
        constraint: 'set/b',
        held: 1,
        n: 1,
        right: 0,
        state: 'known',
        precision: 0,
        lower: 0,
        upper: expect.closeTo(0.7935, 4),
      },
      { constraint: 'set/c', held: 1, n: 0, right: 0, ...unknown },
    ]);
    expect((await ask('/constraints/precision?from=yesterday')).status).toBe(400);
  });
});

it('at the close everything is signed, and copied elsewhere', async () => {
  await api.close();
  const { isIntact, lineCount, signedSeq } = verifyLedger(dataDir);
  expect({ isIntact, signedSeq }).toEqual({ isIntact: true, signedSeq: lineCount });
  const copies = await readdir(join(dataDir, 'elsewhere'));
  expect(copies.sort().at(-1)).toContain(`-${String(lineCount).padStart(12, '0')}.txt`);
});
