import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointsPath, readCheckpointFile } from '../../gates/checkpoint-file.ts';
import { Ledger } from '../../gates/ledger.ts';
import { decisionEntry, outcomeEntry } from '../../gates/ledger-entry.ts';
import { hashText } from '../../gates/ledger-line.ts';
import { proveDecision } from '../../gates/prove-decision.ts';
import { parsePublicKey, verifierLine } from '../../gates/receipts/public-key.ts';
import { replicaSigningKey } from '../../gates/receipts/signing-key.ts';
import { ledgerPath, segmentFiles } from '../../gates/segment-files.ts';
import { verifyLedger } from '../../gates/verify-ledger.ts';
import { proofProblem } from '../../gates/verify-proof.ts';
import { runCount } from '../run-count.ts';
import { askOf, NOW_MS } from './judged-world.ts';
import { bodyOf } from './ledger-writer.ts';

/** One or two lines, and zeros. */
const SMALL = { segmentBytes: 1_536 };

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'plumbline-tamper-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const folder = () => ledgerPath(dataDir);
const append = (ledger: Ledger, index: number) =>
  ledger.append(
    decisionEntry({
      decidedAtMs: NOW_MS + index,
      decisionId: `d_${index}`,
      request: askOf(),
      body: bodyOf(),
    }),
  );

/** Decisions, an outcome, a checkpoint after each life: lines in several segments, the rest of each zeros. */
async function live(count: number, lives = 2): Promise<void> {
  for (let life = 0; life < lives; life++) {
    const ledger = new Ledger(dataDir, SMALL);
    for (let index = 0; index < count; index++) {
      await append(ledger, life * count + index);
      if (index === 1) await ledger.writeCheckpoint();
    }
    const outcome = { decisionId: 'd_0', acted: true, result: 'bad', note: 'as feared', by: 'ada' } as const;
    await ledger.append(outcomeEntry({ recordedAtMs: NOW_MS, outcome }));
    await ledger.close();
  }
}

/** In the suite one bit of every third byte, turning with the place; in the long run all of them. */
const STEP_BYTES = runCount({ suite: 3, long: 1 });
const flipsAt = (offset: number): number[] =>
  [0, 1, 2, 3, 4, 5, 6, 7].slice(0, runCount({ suite: 1, long: 8 })).map((bit) => 1 << ((bit + offset) % 8));

/** Places where another byte passed the whole check, and how many were tried. */
function unseenFlips(path: string, fromOffset = 0) {
  const bytes = readFileSync(path);
  const unseen: string[] = [];
  for (let offset = fromOffset; offset < bytes.length; offset += STEP_BYTES) {
    const byte = bytes[offset] as number;
    for (const flip of flipsAt(offset)) {
      bytes[offset] = byte ^ flip;
      writeFileSync(path, bytes);
      if (verifyLedger(dataDir).isIntact) unseen.push(`${offset}: ${byte} ^ ${flip}`);
    }
    bytes[offset] = byte;
  }
  writeFileSync(path, bytes);
  return { unseen, count: bytes.length - fromOffset };
}

describe('one byte that is another', () => {
  it('is found wherever it stands in the segments: in lines, behind them, and in the one made in advance', async () => {
    await live(1, 1);
    expect(verifyLedger(dataDir)).toMatchObject({
      isIntact: true,
      lineCount: 2,
      checkpointCount: 1,
      signedSeq: 2,
    });
    const files = segmentFiles(folder());
    const found = files.map(({ path }) => unseenFlips(path));
    expect(found).toEqual(Array(2).fill({ unseen: [], count: SMALL.segmentBytes }));
    expect(verifyLedger(dataDir).isIntact).toBe(true);
  });

  it('is found wherever it stands in the checkpoints', async () => {
    await live(2, 1);
    const { unseen, count } = unseenFlips(checkpointsPath(folder()));
    expect(unseen).toEqual([]);
    expect(count).toBeGreaterThanOrEqual(400);
    expect(verifyLedger(dataDir).isIntact).toBe(true);
  });

  it('is found in what a crash cut off, once the next line says what that was', async () => {
    await live(2, 1);
    const path = segmentFiles(folder()).at(-2)?.path as string;
    const bytes = readFileSync(path);
    const linesEnd = bytes.lastIndexOf(10) + 1;
    bytes.fill('x', linesEnd, Math.ceil(linesEnd / 512) * 512);
    writeFileSync(path, bytes);
    expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: 3 });
    const ledger = new Ledger(dataDir, SMALL);
    expect((await append(ledger, 9)).seq).toBe(4);
    await ledger.close();
    expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: 4 });
    expect(unseenFlips(path, linesEnd).unseen).toEqual([]);
  });
});

const LETTER_A = 65;

describe('the first thing that is wrong', () => {
  it.each([
    ['of the chain', '00000001.lines', 70, 1, 'line 1'],
    ['of the end of a segment', '00000001.lines', 1_535, 2, 'what stands after line 1 is no line'],
    ['of the segment made in advance', '00000005.lines', 5, 7, 'no crash left it'],
    ['of a signature', 'checkpoints', 'a signature', 2, 'checkpoint 1 is not signed by'],
  ])('is named: %s', async (_name, file, place, seq, text) => {
    await live(2);
    const path = join(folder(), file);
    const bytes = readFileSync(path);
    // Names of replicas are of any length: a signature is what ends the first line that begins with a dash.
    const offset = typeof place === 'number' ? place : bytes.indexOf('\n', bytes.indexOf('\u2014 ')) - 20;
    // A flipped slash is no base64, and then it is no signature at all.
    const other = bytes[offset] === LETTER_A ? LETTER_A + 1 : LETTER_A;
    bytes[offset] = typeof place === 'number' ? (bytes[offset] as number) ^ 1 : other;
    writeFileSync(path, bytes);
    expect(verifyLedger(dataDir).problem).toMatchObject({ seq, text: expect.stringContaining(text) });
  });

  it('is a ledger made anew, by whoever has no key', async () => {
    await live(3, 1);
    const { path } = segmentFiles(folder())[0] as { path: string };
    const signed = readFileSync(checkpointsPath(folder()));
    // Every line hashed and chained again, with another answer in the first.
    rmSync(folder(), { recursive: true });
    rmSync(join(dataDir, 'signing.key'));
    const ledger = new Ledger(dataDir, SMALL);
    for (const index of [7, 8, 9, 10]) await append(ledger, index);
    await ledger.close();
    expect(readFileSync(path).length).toBe(SMALL.segmentBytes);
    writeFileSync(checkpointsPath(folder()), signed);
    const keys = signed.toString().split('\n')[0];
    expect(verifyLedger(dataDir).problem?.text).toContain('is signed by no known key');
    expect(keys).toMatch(/^plumbline\//);
  });

  it('is a checkpoint that contradicts the lines, though its signature is right', async () => {
    await live(2);
    const key = replicaSigningKey(dataDir);
    const { checkpoints } = readCheckpointFile(folder());
    const other = join(dataDir, 'other');
    const ledger = new Ledger(other, { ...SMALL, key });
    for (const index of [7, 8]) await append(ledger, index);
    await ledger.close();
    const forged = readFileSync(checkpointsPath(ledgerPath(other)), 'utf8');
    const rest = checkpoints.slice(1).map(({ note }) => `${note}\n`);
    writeFileSync(checkpointsPath(folder()), forged + rest.join(''));
    expect(verifyLedger(dataDir).problem).toEqual({
      seq: 2,
      text: 'lines 1 to 2 are not those that checkpoint 1 signed',
    });
  });

  it('is what was cut off, lines and checkpoints alike', async () => {
    await live(2);
    const { checkpoints } = readCheckpointFile(folder());
    const path = checkpointsPath(folder());
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, -`${checkpoints.at(-1)?.note}\n`.length));
    expect(verifyLedger(dataDir).problem?.text).toBe('the checkpoint of 6 lines was cut off');
    rmSync(path);
    expect(verifyLedger(dataDir).problem?.text).toBe('the checkpoint of 6 lines was cut off');
    writeFileSync(path, whole);
    const last = segmentFiles(folder()).findLast((segment) => readFileSync(segment.path)[0] !== 0);
    rmSync(last?.path as string);
    expect(verifyLedger(dataDir).problem?.text).toMatch(
      /^lines after \d were cut off: checkpoint \d covers \d$/,
    );
  });
});

describe('a signed checkpoint', () => {
  it('of which the end was cut off by a crash is no tampering, and is written again', async () => {
    await live(2, 1);
    const path = checkpointsPath(folder());
    const whole = readFileSync(path);
    const { endBytes } = readCheckpointFile(folder());
    expect(endBytes).toBe(whole.length);
    const [first] = readCheckpointFile(folder()).checkpoints;
    const start = Buffer.byteLength(`${first?.note}\n`);
    rmSync(join(folder(), 'tree.json')); // written after the checkpoint
    for (let length = start; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      expect(verifyLedger(dataDir), `cut at ${length}`).toMatchObject({ isIntact: true, checkpointCount: 1 });
    }
    truncateSync(path, whole.length - 1);
    const ledger = new Ledger(dataDir, SMALL);
    await ledger.close();
    expect(readFileSync(path).equals(whole)).toBe(true);
  });

  it('is never contradicted: a ledger that is not the signed one is signed no more, and says so', async () => {
    await live(2, 1);
    rmSync(segmentFiles(folder())[0]?.path as string);
    rmSync(segmentFiles(folder())[0]?.path as string);
    const ledger = new Ledger(dataDir, SMALL);
    expect((await append(ledger, 0)).receipt).not.toBeNull();
    await expect(ledger.writeCheckpoint()).rejects.toThrow('is not the one that was signed');
    expect(await ledger.close()).toBeNull();
    expect(verifyLedger(dataDir).isIntact).toBe(false);
  });

  it('goes on from the kept tree, and from the lines when that is gone or another', async () => {
    for (const change of [() => undefined, () => rmSync(join(folder(), 'tree.json'), { force: true })]) {
      await live(2, 1);
      change();
    }
    writeFileSync(join(folder(), 'tree.json'), JSON.stringify({ size: 1, nodes: ['00'.repeat(32)] }));
    await live(2, 1);
    expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: 9, signedSeq: 9 });
  });

  it('kept elsewhere shows a ledger that its owner made anew, key in hand', async () => {
    await live(2, 1);
    const [kept] = readCheckpointFile(folder()).checkpoints.slice(-1);
    expect(verifyLedger(dataDir, { since: kept as NonNullable<typeof kept> }).isIntact).toBe(true);
    rmSync(folder(), { recursive: true });
    await live(3, 1);
    expect(verifyLedger(dataDir).isIntact).toBe(true);
    expect(verifyLedger(dataDir, { since: kept as NonNullable<typeof kept> }).problem?.text).toBe(
      'lines 1 to 3 are not those of the checkpoint',
    );
  });
});

describe('a proof', () => {
  it('of a decision holds with the public key alone, and no changed one does', async () => {
    await live(3);
    const keys = [parsePublicKey(verifierLine(replicaSigningKey(dataDir).public))];
    const proof = proveDecision(dataDir, 'd_4');
    expect(hashText(proof.line)).toHaveLength(64);
    expect(proofProblem(proof, keys)).toBeNull();
    expect(proofProblem({ ...proof, line: proof.line.replace('"hold"', '"allow"') }, keys)).toContain('root');
    expect(proofProblem({ ...proof, index: proof.index + 1 }, keys)).toContain('root');
    expect(proofProblem({ ...proof, path: proof.path.slice(1) }, keys)).toContain('root');
    expect(proofProblem({ ...proof, decisionId: 'd_5' }, keys)).toContain('not about d_5');
    expect(
      proofProblem({ ...proof, checkpoint: proof.checkpoint.replace('\n8\n', '\n9\n') }, keys),
    ).toContain('signed');
    expect(proofProblem(proof, [])).toContain('no known key');
  });

  it('is given of no decision that is not there, not signed yet, or of a ledger that is not intact', async () => {
    await live(2);
    expect(() => proveDecision(dataDir, 'd_99')).toThrow('There is no decision d_99');
    const ledger = new Ledger(dataDir, SMALL);
    await append(ledger, 9);
    expect(() => proveDecision(dataDir, 'd_9')).toThrow('not signed yet');
    await ledger.close();
    expect(proveDecision(dataDir, 'd_9').index).toBe(6);
    const { path } = segmentFiles(folder())[0] as { path: string };
    const bytes = readFileSync(path);
    bytes[100] = 0;
    writeFileSync(path, bytes);
    expect(() => proveDecision(dataDir, 'd_0')).toThrow('not intact: the content of line 1');
  });
});
