import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkpointsPath, readCheckpointFile } from '../../gates/checkpoint-file.ts';
import { Ledger } from '../../gates/ledger.ts';
import { decisionEntry } from '../../gates/ledger-entry.ts';
import { parsePublicKey, verifierLine } from '../../gates/receipts/public-key.ts';
import { readSigningKey } from '../../gates/receipts/signing-key.ts';
import { ledgerPath } from '../../gates/segment-files.ts';
import { askOf, NOW_MS } from '../gates/judged-world.ts';
import { bodyOf } from '../gates/ledger-writer.ts';
import { type Finished, runPlumbline } from './run-plumbline.ts';

let dataDir: string;
let receipt: string;
let checkpointFile: string;
let keyFile: string;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'plumbline-commands-'));
  const ledger = new Ledger(dataDir);
  for (const index of [0, 1, 2]) {
    const body = { ...bodyOf(), decision: 'allow' as const, limits: { minTo: { replicas: 5 } } };
    const given = { decidedAtMs: NOW_MS, decisionId: `d_${index}`, request: askOf(), body };
    receipt = (await ledger.append(decisionEntry(given))).receipt as string;
  }
  await ledger.close();
  checkpointFile = join(dataDir, 'checkpoint.txt');
  writeFileSync(checkpointFile, readCheckpointFile(ledgerPath(dataDir)).checkpoints[0]?.note as string);
  keyFile = join(dataDir, 'replica.pub');
  writeFileSync(keyFile, verifierLine(readSigningKey(join(dataDir, 'signing.key')).public));
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const run = (...args: readonly string[]): Promise<Finished> => runPlumbline(args, { dataDir });
const verify = (...args: readonly string[]) =>
  run('receipt', 'verify', receipt, '--key', keyFile, '--action', 'scale.down', '--json', ...args);
const AT = ['--at', '2026-11-24T12:00:01Z'];
const TARGET = ['--target', 'service=checkout'];

it('ledger key prints the key that signs, and a key made of it verifies', async () => {
  const { code, stdout } = await run('ledger', 'key');
  expect([code, stdout]).toEqual([0, `${readFileSync(keyFile, 'utf8')}\n`]);
  expect(statSync(join(dataDir, 'signing.key')).mode & 0o777).toBe(0o600);
});

it('receipt verify says by its exit code whether exactly this is allowed now, and why not', async () => {
  const outcomes = await Promise.all([
    verify(...TARGET, ...AT),
    verify(...TARGET),
    verify('--target', 'service=cart', ...AT),
    verify(...TARGET, ...AT, '--plan', 'rv1'),
    verify(...TARGET, ...AT, '--to', 'replicas=4'),
    verify(...TARGET, '--at', 'noon'),
  ]);
  const said = outcomes.map(({ code, stdout }) => [code, stdout === '' ? null : JSON.parse(stdout).reason]);
  expect(said).toEqual([
    [0, undefined],
    [1, 'expired'],
    [1, 'other_target'],
    [1, 'other_plan_generation'],
    [1, 'outside_limits'],
    [2, null],
  ]);
});

it('ledger verify takes a signed checkpoint kept elsewhere, and a proof by the public key alone', async () => {
  const since = await run('ledger', 'verify', '--since', checkpointFile, '--key', keyFile);
  expect(since).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('1 checkpoints, signed up to line 3'),
  });
  const proof = await run('ledger', 'prove', 'd_1');
  const proofFile = join(dataDir, 'proof.json');
  writeFileSync(proofFile, proof.stdout);
  const elsewhere = { dataDir: join(dataDir, 'nothing') };
  const args = ['ledger', 'verify', '--proof', proofFile, '--key', keyFile];
  expect(await runPlumbline(args, elsewhere)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('line 2 of'),
  });
  writeFileSync(proofFile, proof.stdout.replace('allow', 'deny'));
  expect(await runPlumbline(args, elsewhere)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('NOT PROVED'),
  });
  expect((await run('ledger', 'prove', 'd_9')).code).toBe(1);
  const bytes = readFileSync(checkpointsPath(ledgerPath(dataDir)));
  writeFileSync(checkpointsPath(ledgerPath(dataDir)), bytes.toString().replace('\n3\n', '\n4\n'));
  const damaged = await run('ledger', 'verify');
  writeFileSync(checkpointsPath(ledgerPath(dataDir)), bytes);
  expect(damaged).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('checkpoint 1 is not signed by'),
  });
});

it('key new makes a key for a person, and never writes over one', async () => {
  const file = join(dataDir, 'ada.key');
  const { code, stdout } = await run('key', 'new', file, '--name', 'ada', '--json');
  const { publicKey } = JSON.parse(stdout) as { publicKey: string };
  expect(code).toBe(0);
  expect(parsePublicKey(publicKey).keyId).toBe(readSigningKey(file).public.keyId);
  const before = readFileSync(file);
  const again = await run('key', 'new', file);
  expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be made') });
  expect(readFileSync(file).equals(before)).toBe(true);
});
