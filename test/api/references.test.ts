import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { KeyFiles } from '../../gates/gate.ts';
import { verifierLine } from '../../gates/receipts/public-key.ts';
import { makeSigningKey, type SigningKey } from '../../gates/receipts/signing-key.ts';
import { signStatement } from '../../gates/receipts/statement.ts';
import { proposalJson, referenceJson } from '../../main/api/reference-json.ts';
import { acceptStatement, revokeStatement } from '../../main/reference-statement.ts';
import { readReferenceNumbers } from '../../store/accepted-references.ts';
import { writeFinding } from '../../store/findings.ts';
import { insertVerdicts } from '../../store/verdicts.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { sampleFinding, sampleSource, sampleVerdict } from './samples.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

const DAY = 86_400_000;
/** A Monday at midnight, two weeks ago or a little more. */
const MONDAY = (() => {
  const daysAgo = Math.floor(Date.now() / DAY) - 14;
  return (daysAgo - ((daysAgo + 3) % 7)) * DAY;
})();
const iso = (timeMs: number) => new Date(timeMs).toISOString();
const WEEK = { from: iso(MONDAY), until: iso(MONDAY + 7 * DAY) };
const THREE_DAYS = { from: iso(MONDAY), until: iso(MONDAY + 3 * DAY) };

let engine: TestEngine;
let dataDir: string;
let api: TestApi;
/** As `api`, but it asks for the signatures of people. */
let signedApi: TestApi;
let adasKey: SigningKey;

/** Minutes of deltas: 600 requests, of which half lie below `boundMs`. */
async function insertMinutes(
  service: string,
  boundMs: number,
  days: readonly [number, number],
): Promise<void> {
  const start = `toDateTime64(${(MONDAY + days[0] * DAY) / 1_000}, 9, 'UTC')`;
  await engine.client.command({
    query: `INSERT INTO tally_duration_minute (* EXCEPT (Zone, Instance, Resend, IsTimeout))
      SELECT '${service}', 'server', toDateTime(At), 'default', 'shop', '', 'ok', 1, At + INTERVAL 1 MINUTE, 1,
        (At + INTERVAL 1 MINUTE, At, 600, 60000000, [${boundMs}, ${2 * boundMs}], [300, 300, 0])
      FROM (SELECT ${start} + INTERVAL number MINUTE AS At FROM numbers(${(days[1] - days[0]) * 1_440}))`,
  });
}

beforeAll(async () => {
  engine = await startTestEngine({ migrate: true });
  dataDir = await mkdtemp(join(tmpdir(), 'plumbline-references-'));
  await insertMinutes('cart', 50, [0, 7]);
  await insertMinutes('cart', 60, [7, 11]);
  await insertMinutes('search', 20, [0, 2]);
  const start = (folder: string, keyFiles: KeyFiles) =>
    startTestApi({ dataDir: join(dataDir, folder), keyFiles }, engine);
  adasKey = makeSigningKey(join(dataDir, 'ada.key'), 'ada');
  const approvers = join(dataDir, 'approvers.yaml');
  await writeFile(approvers, `- {name: Ada, publicKey: "${verifierLine(adasKey.public)}"}\n`);
  api = await start('replica-1', {});
  signedApi = await start('replica-2', { approvers });
});
afterAll(async () => {
  await api.close();
  await signedApi.close();
  await engine.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function post(path: string, body: unknown, to = api): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`http://127.0.0.1:${to.port}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}
async function propose(asked: object): Promise<z.infer<typeof proposalJson>> {
  const { status, body } = await post('/references/propose', asked);
  expect(status, JSON.stringify(body)).toBe(200);
  return proposalJson.parse(body);
}
async function accept(asked: object, hash: string): Promise<z.infer<typeof referenceJson>> {
  const person = { acceptedBy: 'Ada', reason: 'a calm week' };
  const { status, body } = await post('/references', { ...asked, hash, ...person });
  expect(status, JSON.stringify(body)).toBe(200);
  return referenceJson.parse(body);
}
async function list(of = api): Promise<z.infer<typeof referenceJson>[]> {
  const response = await fetch(`http://127.0.0.1:${of.port}/api/v1/references`);
  return ((await response.json()) as { references: unknown[] }).references.map((one) =>
    referenceJson.parse(one),
  );
}
const codes = ({ warnings }: z.infer<typeof proposalJson>) =>
  warnings.map(({ code, service }) => [code, service]);

describe('propose', () => {
  it('shows per service and metric what would be accepted, and stores nothing', async () => {
    const proposal = await propose({ ...WEEK, services: ['cart'] });
    expect(proposal.frozen).toHaveLength(1);
    const [cart] = proposal.frozen;
    expect(cart?.inForce).toBeNull();
    expect(cart?.metrics.find(({ metric }) => metric === 'p50Ms')).toEqual({
      metric: 'p50Ms',
      coverageRatio: 1,
      minutes: 7 * 1_440,
      bins: 1,
      versusInForce: null,
    });
    expect(proposal.warnings).toEqual([]);
    expect(await list()).toEqual([]);
  });

  it('gives the same hash for the same data, and another for another period or other services', async () => {
    const hashes = [
      await propose({ ...WEEK, services: ['cart'] }),
      await propose({ ...WEEK, services: ['cart', 'cart'] }),
      await propose({ ...THREE_DAYS, services: ['cart'] }),
      await propose(WEEK),
    ].map(({ hash }) => hash);
    expect(hashes[0]).toBe(hashes[1]);
    expect(new Set(hashes).size).toBe(3);
  });

  it('warns of what speaks against it', async () => {
    expect(codes(await propose({ ...THREE_DAYS, services: ['cart'] }))).toEqual([
      ['SHORT_PERIOD', null],
      ['NO_WEEKEND', null],
    ]);
    await writeFinding(
      engine.client,
      sampleFinding({ subject: 'search', onsetAtMs: MONDAY + DAY, closedAtMs: null, state: 'confirmed' }),
      Date.now(),
    );
    const source = sampleSource('search');
    await insertVerdicts(engine.client, [
      sampleVerdict({ source, outcome: 'fail', evaluatedAtMs: MONDAY + 6.9 * DAY }),
      sampleVerdict({ source, outcome: 'fail', evaluatedAtMs: MONDAY + 8 * DAY }),
    ]);
    const proposal = await propose({ ...WEEK, services: ['search', 'nobody'] });
    expect(codes(proposal)).toEqual([
      ['NOTHING_KNOWN', 'nobody'],
      ['LOW_COVERAGE', 'search'],
      ['OPEN_FINDING', 'search'],
      ['FAILING_DATA', 'search'],
    ]);
  });

  it.each([
    ['not over', { from: iso(MONDAY), until: iso(MONDAY + 40 * DAY) }, 'over for ten minutes'],
    ['gone', { from: iso(MONDAY - 40 * DAY), until: iso(MONDAY) }, 'kept for 30 days'],
    ['upside down', { from: WEEK.until, until: WEEK.from }, 'later than from'],
    ['off the grid', { from: iso(MONDAY + 60_000), until: WEEK.until }, 'whole ten minutes'],
    ['no time', { from: 'last week', until: WEEK.until }, 'from'],
  ])('refuses a period that is %s', async (_, asked, says) => {
    const { status, body } = await post('/references/propose', asked);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'request_invalid', detail: expect.stringContaining(says) });
  });
});

describe('accept and revoke', () => {
  it('accepts what was shown, shows how the next differs, and goes back to it when that is revoked', async () => {
    const shown = await propose({ ...WEEK, services: ['cart'] });
    const first = await accept({ ...WEEK, services: ['cart'] }, shown.hash);
    expect(first).toMatchObject({ held: ['cart'], acceptedBy: 'Ada', hash: shown.hash, state: 'in-force' });
    const numbers = await readReferenceNumbers(engine.client, first.id);
    const p50 = numbers[0]?.metrics.find(({ metric }) => metric === 'p50Ms');
    expect(p50?.bins).toEqual([{ bin: 77, logMedian: 3.912023, logMad: 0, minutes: 10_080 }]); // ln 50

    const later = { from: iso(MONDAY + 7 * DAY), until: iso(MONDAY + 11 * DAY), services: ['cart'] };
    const next = await propose(later);
    expect(next.frozen[0]?.inForce).toBe(first.id);
    const versus = next.frozen[0]?.metrics.find(({ metric }) => metric === 'p50Ms')?.versusInForce;
    expect(versus?.sharedBins).toBe(1);
    expect(versus?.ratio).toBeCloseTo(1.2, 5);
    const second = await accept(later, next.hash);
    expect((await list()).map(({ id, state }) => [id, state])).toEqual([
      [second.id, 'in-force'],
      [first.id, 'superseded'],
    ]);

    const revoked = await post(`/references/${second.id}/revoke`, {
      revokedBy: 'Grace',
      reason: 'a slow week',
    });
    expect(revoked.body).toMatchObject({
      state: 'revoked',
      revoked: { by: 'Grace', reason: 'a slow week' },
    });
    expect((await list()).map(({ id, state }) => [id, state])).toEqual([
      [second.id, 'revoked'],
      [first.id, 'in-force'],
    ]);
    const again = await post(`/references/${second.id}/revoke`, { revokedBy: 'Grace', reason: 'again' });
    expect(again).toMatchObject({ status: 400, body: { code: 'request_invalid' } });
  });

  it('accepts nothing but what was shown, and nothing by nobody', async () => {
    const asked = { ...THREE_DAYS, services: ['search'] };
    const { hash } = await propose(asked);
    await insertMinutes('search', 20, [2, 3]); // data come late
    const before = await list();
    const changed = await post('/references', { ...asked, hash, acceptedBy: 'Ada', reason: 'as shown' });
    expect(changed).toMatchObject({ status: 409, body: { code: 'reference_changed', retryable: false } });
    const nobody = await post('/references', { ...asked, hash, acceptedBy: ' ', reason: 'why not' });
    expect(nobody).toMatchObject({ status: 400, body: { errors: [{ path: 'acceptedBy' }] } });
    const empty = { ...THREE_DAYS, services: ['nobody'] };
    const nothing = await propose(empty);
    const refused = await post('/references', {
      ...empty,
      hash: nothing.hash,
      acceptedBy: 'Ada',
      reason: 'x',
    });
    expect(refused).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('nothing to accept') },
    });
    expect(await list()).toEqual(before);
    const unknown = await post('/references/r_1/revoke', { revokedBy: 'Ada', reason: 'x' });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});

describe('signatures', () => {
  const asked = { ...WEEK, services: ['cart'] };
  const body = async () => {
    const { hash } = await propose(asked);
    return { ...asked, hash, acceptedBy: 'Ada', reason: 'signed' };
  };
  const signed = (
    { hash, acceptedBy: by, reason }: Awaited<ReturnType<typeof body>>,
    atMs: number,
    key = adasKey,
  ) => {
    const at = iso(atMs);
    return { at, value: signStatement(acceptStatement({ hash, by, reason, at }), key) };
  };
  const stateOf = async (id: string, of = api) => (await list(of)).find((one) => one.id === id)?.signature;

  it('of the replica are recorded where nobody else signs, and are of nobody for a replica that has not its key', async () => {
    const { id } = await accept(asked, (await propose(asked)).hash);
    expect(await stateOf(id)).toMatchObject({ state: 'valid', signer: 'replica' });
    expect(await stateOf(id, signedApi)).toMatchObject({ state: 'unknown-key', signer: 'replica' });
    const signature = { at: iso(Date.now()), value: 'AAAA' };
    const unasked = await post('/references', { ...(await body()), signature });
    expect(unasked).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('knows no approvers') },
    });
  });

  it('of a person are taken once, by the name they are of, and of what was signed', async () => {
    const accepted = await body();
    const nowMs = Date.now();
    const before = (await list()).length;
    const stranger = makeSigningKey(join(dataDir, 'stranger.key'));
    const refuse = async (change: object, says: string) => {
      const refused = await post('/references', { ...accepted, ...change }, signedApi);
      expect(refused).toMatchObject({ status: 400, body: { detail: expect.stringContaining(says) } });
    };
    const signature = signed(accepted, nowMs);
    await refuse({}, 'must be signed');
    await refuse({ signature, reason: 'another' }, 'not that of Ada');
    await refuse({ signature, acceptedBy: 'Grace' }, 'not that of Grace');
    await refuse({ signature: { ...signature, at: iso(nowMs + 1) } }, 'not that of Ada');
    await refuse({ signature: signed(accepted, nowMs, stranger) }, 'not that of Ada');
    await refuse({ signature: signed(accepted, nowMs - 301_000) }, 'five minutes');
    expect(await list()).toHaveLength(before);
    const taken = await post('/references', { ...accepted, signature }, signedApi);
    expect(taken).toMatchObject({
      status: 200,
      body: {
        acceptedAt: iso(nowMs),
        signature: { state: 'valid', signer: 'person', keyId: adasKey.public.keyId },
      },
    });
    await refuse({ signature }, 'used before');

    const { id } = referenceJson.parse(taken.body);
    const reason = 'too early';
    const unsigned = await post(`/references/${id}/revoke`, { revokedBy: 'Ada', reason }, signedApi);
    expect(unsigned.status).toBe(400);
    const at = iso(Date.now());
    const value = signStatement(revokeStatement({ id, by: 'Ada', reason, at }), adasKey);
    const revocation = { revokedBy: 'Ada', reason, signature: { at, value } };
    const revoked = await post(`/references/${id}/revoke`, revocation, signedApi);
    expect(revoked.body).toMatchObject({
      state: 'revoked',
      revoked: { at, signature: { state: 'valid', signer: 'person' } },
    });
  });

  it('show what was changed in the store, and what came from elsewhere', async () => {
    const { hash } = await propose(asked);
    const { id } = await accept(asked, hash);
    expect((await stateOf(id))?.state).toBe('valid');
    const copy = async (table: string, idColumn: string, change: string) =>
      await engine.client.command({
        query: `INSERT INTO ${table} SELECT * REPLACE (${change}) FROM (SELECT * FROM ${table} WHERE ${idColumn} = '${id}')`,
      });
    await copy('accepted_references', 'Id', "'r_unsigned' AS Id");
    expect(await stateOf('r_unsigned')).toEqual({ state: 'none', signer: null, keyId: null });
    await copy('accepted_references', 'Id', "'r_copied' AS Id");
    await copy('reference_signatures', 'ReferenceId', "'r_copied' AS ReferenceId");
    expect((await stateOf('r_copied'))?.state).toBe('invalid');
    const changes = [
      ["AcceptedBy = 'Grace'", "AcceptedBy = 'Ada'"],
      ["Reason = 'other'", "Reason = 'a calm week'"],
      ['AcceptedAt = AcceptedAt + INTERVAL 1 SECOND', 'AcceptedAt = AcceptedAt - INTERVAL 1 SECOND'],
      ['Hash = reverse(Hash)', 'Hash = reverse(Hash)'],
      ["Numbers = replaceOne(Numbers, '10080', '10081')", "Numbers = replaceOne(Numbers, '10081', '10080')"],
      ["Held = ['search']", "Held = ['cart']"],
    ] as const;
    const ids: string[] = [];
    while (ids.length < changes.length) ids.push((await accept(asked, hash)).id);
    // One mutation for all: the engine takes two seconds to begin one.
    const alter = async (which: 0 | 1) => {
      const updates = changes.map((change, i) => `UPDATE ${change[which]} WHERE Id = '${ids[i]}'`);
      await engine.client.command({
        query: `ALTER TABLE accepted_references ${updates.join(', ')} SETTINGS mutations_sync = 2`,
      });
    };
    const states = async () => {
      const listed = new Map((await list()).map((one) => [one.id, one.signature.state]));
      return ids.map((one) => listed.get(one));
    };
    expect(await states()).toEqual(changes.map(() => 'valid'));
    await alter(0);
    expect(await states()).toEqual(changes.map(() => 'invalid'));
    await alter(1);
    expect(await states()).toEqual(changes.map(() => 'valid'));
  });
});
