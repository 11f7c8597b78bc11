import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFindingActs } from '../../store/finding-acts.ts';
import { readFinding, writeFinding } from '../../store/findings.ts';
import { makeFinding, makeMaskedFailure } from '../alerts/make-finding.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { runPlumbline } from '../main/run-plumbline.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

const NOW = Date.now();
const DAY = 86_400_000;

let engine: TestEngine;
let dataDir: string;
let api: TestApi;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true });
  dataDir = await mkdtemp(join(tmpdir(), 'plumbline-finding-acts-'));
  api = await startTestApi({ dataDir }, engine);
});
afterAll(async () => {
  await api.close();
  await engine.close();
  await rm(dataDir, { recursive: true, force: true });
});

const url = (path: string) => `http://127.0.0.1:${api.port}/api/v1${path}`;
const get = async (path: string) => (await fetch(url(path))).json() as Promise<never>;
async function post(path: string, body: unknown) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url(path), { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, never> };
}
const inDays = (days: number) => new Date(NOW + days * DAY).toISOString();
const keep = (id: string, changes = {}) => writeFinding(engine.client, makeFinding({ id, ...changes }), NOW);
const cli = (...args: string[]) =>
  runPlumbline(['findings', ...args, '--api', `http://127.0.0.1:${api.port}`, '--by', 'ben'], { dataDir });

describe('people act on findings', () => {
  it('acknowledge, snooze and rate: it stays open, and every act is kept and shown', async () => {
    await keep('f-1', { state: 'confirmed' });
    expect((await post('/findings/f-1/ack', { by: 'ada', note: 'on it' })).body).toMatchObject({
      state: 'confirmed',
      silencedBy: { act: 'ack', by: 'ada', reason: 'on it', effectSize: expect.closeTo(0.8) },
    });
    const snoozed = await post('/findings/f-1/snooze', { by: 'ada', reason: 'release', until: inDays(2) });
    expect(snoozed.body).toMatchObject({ silencedBy: { act: 'snooze', until: inDays(2) } });
    await post('/findings/f-1/feedback', { by: 'ada', feedback: 'useful' });
    const shown = await get('/findings/f-1');
    expect(shown).toMatchObject({
      state: 'confirmed',
      acts: [{ act: 'ack' }, { act: 'snooze' }, { act: 'feedback', feedback: 'useful' }],
    });
    expect(await get('/findings')).toMatchObject({ findings: [shown] });
    expect(await readFindingActs(engine.client, ['f-1'])).toHaveLength(3);
  });

  it.each([
    ['a snooze without a reason', 'snooze', { by: 'ada', until: inDays(1) }, 400],
    ['a snooze without an end', 'snooze', { by: 'ada', reason: 'x' }, 400],
    ['a snooze of more than a week', 'snooze', { by: 'ada', reason: 'x', until: inDays(7.01) }, 400],
    ['a snooze that is over', 'snooze', { by: 'ada', reason: 'x', until: inDays(-1) }, 400],
    ['nobody', 'ack', {}, 400],
    ['a word that is none', 'feedback', { by: 'ada', feedback: 'meh' }, 400],
    ['a close without a reason', 'close', { by: 'ada' }, 400],
  ])('refuses %s', async (_, act, body, status) => {
    await keep('f-refused');
    expect((await post(`/findings/f-refused/${act}`, body)).status).toBe(status);
    expect(await readFindingActs(engine.client, ['f-refused'])).toEqual([]);
  });

  it('close, with who and why; twice changes nothing, and what is closed can only be rated', async () => {
    await keep('f-2');
    const { body } = await post('/findings/f-2/close', { by: 'ada', reason: 'as meant' });
    expect(body).toMatchObject({
      state: 'closed',
      reasons: [{ code: 'CLOSED_BY_PERSON', text: 'ada closed it: as meant' }],
      evidence: { closedBy: { by: 'ada', reason: 'as meant' } },
      silencedBy: null,
    });
    const again = await post('/findings/f-2/close', { by: 'ben', reason: 'no' });
    expect(again.body['closedAt']).toBe(body['closedAt']);
    expect((await readFinding(engine.client, 'f-2'))?.reasons[0]?.text).toContain('ada');
    expect(await post('/findings/f-2/ack', { by: 'ada' })).toMatchObject({
      status: 409,
      body: { code: 'finding_closed' },
    });
    expect((await post('/findings/f-2/feedback', { by: 'ada', feedback: 'wrong' })).status).toBe(200);
    expect((await post('/findings/nothing/ack', { by: 'ada' })).status).toBe(404);
  });

  it('see how many were useful, the noisiest first, by the last word of each', async () => {
    for (let i = 0; i < 12; i++) {
      const masked = makeMaskedFailure({ id: `m-${i}`, evidence: {} });
      await writeFinding(engine.client, masked, NOW);
      await post(`/findings/m-${i}/feedback`, { by: 'ada', feedback: i < 3 ? 'useful' : 'noise' });
    }
    await post('/findings/m-0/feedback', { by: 'ben', feedback: 'wrong' });
    expect(await get('/findings/precision')).toMatchObject({
      kinds: [
        {
          ...{ kind: 'masked-failure', n: 12, useful: 2, noise: 9, wrong: 1 },
          ...{ precision: 2 / 12, lower: expect.closeTo(0.047, 3), upper: expect.closeTo(0.448, 3) },
        },
        { kind: 'stabilised-bad-state', n: 2, useful: 1, wrong: 1 },
      ],
      constraints: [
        { constraint: null, n: 12 },
        { constraint: 'checkout/p95', n: 2 },
      ],
    });
  });

  it('do all that on the command line', async () => {
    await keep('f-3', { state: 'confirmed' });
    expect(await cli('snooze', 'f-3', '--for', '4h', '--reason', 'batch')).toMatchObject({ code: 0 });
    const listed = await runPlumbline(['findings', '--api', `http://127.0.0.1:${api.port}`], { dataDir });
    expect(listed.stdout).toMatch(/confirmed, snoozed by ben until \S+ .* f-3 /);
    expect((await cli('feedback', 'f-3', 'noise')).stdout).toBe('f-3: noise, noted.\n');
    expect(JSON.parse((await cli('close', 'f-3', '--reason', 'done', '--json')).stdout).state).toBe('closed');
    expect(await cli('ack', 'f-3')).toMatchObject({ code: 1, stderr: expect.stringContaining('is closed') });
  }, 120_000);
});
