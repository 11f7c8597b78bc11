import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Decision } from '../../core/decision.ts';
import { hasCode } from '../../core/errors.ts';
import { canonicalJson } from '../../gates/canonical-json.ts';
import { GENESIS, hashText, Ledger, ledgerPath } from '../../gates/ledger.ts';
import { verifyLedger } from '../../gates/verify-ledger.ts';
import { askOf, NOW_MS } from './judged-world.ts';
import { bodyOf } from './ledger-writer.ts';

const WRITER = join(import.meta.dirname, 'ledger-writer.ts');

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'plumbline-ledger-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

function append(ledger: Ledger, index: number): Promise<Decision> {
  return ledger.append({
    decidedAtMs: NOW_MS + index,
    decisionId: `d_${index}`,
    request: askOf(),
    body: bodyOf(),
  });
}

async function fill(count: number): Promise<void> {
  const ledger = new Ledger(dataDir);
  await Promise.all(Array.from({ length: count }, (_, index) => append(ledger, index)));
  await ledger.close();
}

/** Changes the stored lines as somebody with the disk in hand could. */
async function tamper(
  change: (lines: {
    put(seq: number, line: string): void;
    remove(seq: number): void;
    get(seq: number): string;
  }) => void,
) {
  const root = open<string, string>({ path: ledgerPath(dataDir), noSubdir: false, encoding: 'string' });
  const lines = root.openDB<string, number>('lines', { encoding: 'string', keyEncoding: 'uint32' });
  change({
    put: (seq, line) => lines.putSync(seq, line),
    remove: (seq) => lines.removeSync(seq),
    get: (seq) => lines.get(seq) ?? '',
  });
  await root.close();
}

describe('the ledger', () => {
  it('numbers without gaps and chains, also when many ask at once and across restarts', async () => {
    const first = new Ledger(dataDir);
    const answers = await Promise.all(Array.from({ length: 300 }, (_, index) => append(first, index)));
    expect(answers.map(({ seq }) => seq)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
    expect(answers[0]?.prevHash).toBe(GENESIS.hash);
    const head = first.checkpoint();
    await first.close();

    const second = new Ledger(dataDir);
    const next = await append(second, 300);
    expect([next.seq, next.prevHash]).toEqual([301, head.hash]);
    await second.close();
    expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: 301, problem: null });
  });

  it('can be recomputed by anybody from what a decision and its question say', async () => {
    const ledger = new Ledger(dataDir);
    const response = await append(ledger, 0);
    const [row] = ledger.readAfter(0, 10);
    await ledger.close();
    expect(row?.response).toEqual(response);
    const content = {
      seq: 1,
      prevHash: GENESIS.hash,
      decidedAtMs: NOW_MS,
      mode: 'enforce',
      request: askOf(),
      response,
    };
    expect(row?.hash).toBe(hashText(canonicalJson(content)));
  });

  it('refuses what JSON has no word for, and the neighbours do not pay', async () => {
    const ledger = new Ledger(dataDir);
    const request = { ...askOf(), needs: { wait: Number.NaN } };
    const [before, bad, after] = await Promise.allSettled([
      append(ledger, 0),
      ledger.append({ decidedAtMs: NOW_MS, decisionId: 'bad', request, body: bodyOf() }),
      append(ledger, 1),
    ]);
    await ledger.close();
    expect(before).toMatchObject({ status: 'fulfilled', value: { seq: 1 } });
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'ledger_unwritable' } });
    expect(after).toMatchObject({ status: 'fulfilled', value: { seq: 2 } });
  });

  it('says where it cannot be opened', () => {
    writeFileSync(join(dataDir, 'file'), '');
    let refusal: unknown;
    try {
      new Ledger(join(dataDir, 'file'));
    } catch (error) {
      refusal = error;
    }
    expect(hasCode(refusal, 'data_dir_unwritable')).toBe(true);
    expect(String(refusal)).toContain(join(dataDir, 'file'));
  });

  it('is verified while it is written', async () => {
    const ledger = new Ledger(dataDir);
    await append(ledger, 0);
    expect(verifyLedger(dataDir).lineCount).toBe(1);
    await append(ledger, 1);
    expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: 2, head: ledger.checkpoint() });
    await ledger.close();
  });
});

describe('verifyLedger', () => {
  it('does not pass where there is nothing', () => {
    let refusal: unknown;
    try {
      verifyLedger(dataDir);
    } catch (error) {
      refusal = error;
    }
    expect(hasCode(refusal, 'not_found')).toBe(true);
  });

  it.each([
    [
      'a changed answer',
      (lines) => lines.put(5, lines.get(5).replace('"hold"', '"allow"')),
      5,
      'does not match its hash',
    ],
    [
      'a changed answer with a new hash',
      (lines) => lines.put(5, rehashed(lines.get(5).slice(64).replace('"hold"', '"allow"'))),
      6,
      'does not follow line 5',
    ],
    ['a line taken out', (lines) => lines.remove(5), 6, 'line 5 is missing'],
    ['a line in another place', (lines) => lines.put(5, lines.get(6)), 5, 'says it is line 6'],
    ['the end cut off', (lines) => lines.remove(10), 10, 'lines after 9 were cut off'],
  ] as [string, Parameters<typeof tamper>[0], number, string][])(
    'finds %s',
    async (_name, change, seq, text) => {
      await fill(10);
      await tamper(change);
      const { isIntact, problem } = verifyLedger(dataDir);
      expect(isIntact).toBe(false);
      expect(problem?.seq).toBe(seq);
      expect(problem?.text).toContain(text);
    },
  );

  it('finds a ledger that was written anew, by a checkpoint kept elsewhere', async () => {
    await fill(10);
    const { head } = verifyLedger(dataDir);
    expect(verifyLedger(dataDir, head).isIntact).toBe(true);
    rmSync(ledgerPath(dataDir), { recursive: true });
    await fill(9);
    expect(verifyLedger(dataDir).isIntact).toBe(true);
    expect(verifyLedger(dataDir, head).problem?.text).toContain('ends before the checkpoint at line 10');
    expect(verifyLedger(dataDir, { seq: 9, hash: head.hash }).problem?.text).toContain(
      'is not the one of the checkpoint',
    );
  });
});

function rehashed(content: string): string {
  return hashText(content) + content;
}

/** Lines a writer printed: the numbers of decisions it gave, or the code of the failure it ended with. */
async function run(child: ChildProcess, stopAfter: number): Promise<string[]> {
  const printed: string[] = [];
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    printed.push(line);
    if (printed.length === stopAfter) child.kill('SIGKILL');
  }
  await exited;
  return printed;
}

describe('a ledger whose process is killed', () => {
  it('holds every decision that was given, in an unbroken chain', async () => {
    let given = 0;
    for (const stopAfter of [40, 90, 200]) {
      const child = spawn(process.execPath, [WRITER, dataDir, '7'], { stdio: ['ignore', 'pipe', 'inherit'] });
      const printed = await run(child, stopAfter);
      expect(child.signalCode).toBe('SIGKILL');
      expect(Number(printed[0])).toBeGreaterThan(given);
      given = Number(printed.at(-1));
      const { isIntact, lineCount } = verifyLedger(dataDir);
      expect(isIntact).toBe(true);
      expect(lineCount).toBeGreaterThanOrEqual(given);
    }
  });
});

describe('a ledger whose disk is full', () => {
  it('gives no decision it could not record, and goes on when there is room', async () => {
    // A real write error: the kernel refuses to let any file of the process grow beyond 500 KiB or 1,000 KiB.
    const child = spawn(
      'sh',
      ['-c', `ulimit -f 1000; exec "$@"`, 'sh', process.execPath, WRITER, dataDir, '7'],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    const printed = await run(child, Number.POSITIVE_INFINITY);
    expect(child.exitCode).toBe(3);
    expect(printed.at(-1)).toBe('ledger_unwritable');
    expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: printed.length - 1 });

    const roomier = mkdtempSync(join(tmpdir(), 'plumbline-ledger-'));
    cpSync(ledgerPath(dataDir), ledgerPath(roomier), { recursive: true });
    const ledger = new Ledger(roomier);
    expect((await append(ledger, 0)).seq).toBe(printed.length);
    await ledger.close();
    rmSync(roomier, { recursive: true });
  });
});
