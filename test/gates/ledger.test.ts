import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Decision } from '../../core/decision.ts';
import { canonicalJson } from '../../gates/canonical-json.ts';
import { Ledger } from '../../gates/ledger.ts';
import { decisionEntry, decisionOf } from '../../gates/ledger-entry.ts';
import { GENESIS, hashText, lineText } from '../../gates/ledger-line.ts';
import { ledgerPath, segmentFiles } from '../../gates/segment-files.ts';
import { verifyLedger } from '../../gates/verify-ledger.ts';
import { askOf, NOW_MS } from './judged-world.ts';
import { bodyOf } from './ledger-writer.ts';

const WRITER = join(import.meta.dirname, 'ledger-writer.ts');
/** Holds about five lines. */
const SMALL = { segmentBytes: 4_096 };
/** Holds all lines of a test; what is shipped holds 8 MB, and every verification and every look reads them all. */
const ONE = { segmentBytes: 262_144 };

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'plumbline-ledger-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

async function append(ledger: Ledger, index: number, padLength?: number): Promise<Decision> {
  const undated = {
    decidedAtMs: NOW_MS + index,
    decisionId: `d_${index}`,
    request: askOf(),
    body: bodyOf(padLength),
  };
  return decisionOf(undated, await ledger.append(decisionEntry(undated)));
}

function appendMany(ledger: Ledger, count: number): Promise<Decision[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => append(ledger, index)));
}

/** A ledger of `count` lines, all of them copied into the store. */
async function fill(count: number, options = ONE): Promise<void> {
  const ledger = new Ledger(dataDir, options);
  await appendMany(ledger, count);
  await ledger.writeCursor(count);
  await ledger.close();
}

/** The segments that were written to. */
function usedSegments(): { path: string; bytes: Buffer; linesEnd: number }[] {
  return segmentFiles(ledgerPath(dataDir))
    .map(({ path }) => ({ path, bytes: readFileSync(path) }))
    .map((segment) => ({ ...segment, linesEnd: segment.bytes.lastIndexOf(10) + 1 }))
    .filter(({ bytes }) => bytes[0] !== 0);
}

/** Changes the lines of a segment as somebody with the disk in hand could. */
function tamper(change: (lines: string[]) => string[], segment = 0): void {
  const { path, bytes, linesEnd } = usedSegments()[segment] as ReturnType<typeof usedSegments>[number];
  const lines = bytes.toString('utf8', 0, linesEnd - 1).split('\n');
  const changed = Buffer.from(
    change(lines)
      .map((line) => `${line}\n`)
      .join(''),
  );
  writeFileSync(path, Buffer.concat([changed, Buffer.alloc(Math.max(0, bytes.length - changed.length))]));
}

/** What a crash leaves after the last line. */
function tear(tail: Uint8Array): void {
  const { path, bytes, linesEnd } = usedSegments().at(-1) as ReturnType<typeof usedSegments>[number];
  bytes.set(tail.subarray(0, bytes.length - linesEnd), linesEnd);
  writeFileSync(path, bytes);
}

/** Bytes from the last line to the end of its sector: a crash leaves sectors whole. */
function toSectorEnd(): number {
  return 512 - ((usedSegments().at(-1)?.linesEnd ?? 0) % 512);
}

function rehashed(stored: string, from: string, to: string): string {
  const content = stored.slice(64).replace(from, to);
  return hashText(content) + content;
}

function lineOf(seq: number, prevHash: string): Buffer {
  const response = { ...bodyOf(), decisionId: 'd_never', seq, prevHash, receipt: null };
  const line = { seq, prevHash, decidedAtMs: NOW_MS, mode: 'enforce' as const, request: askOf(), response };
  return Buffer.from(lineText(canonicalJson(line)).text);
}

const codeOf = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
};

describe('the ledger', () => {
  it('numbers without gaps and chains, also when many ask at once and across restarts', async () => {
    const first = new Ledger(dataDir);
    const answers = await appendMany(first, 300);
    expect(answers.map(({ seq }) => seq)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
    expect(answers[0]?.prevHash).toBe(GENESIS.hash);
    const head = first.checkpoint();
    await first.close();

    const second = new Ledger(dataDir);
    expect(second.checkpoint()).toEqual(head);
    const next = await append(second, 300);
    expect([next.seq, next.prevHash]).toEqual([301, head.hash]);
    await second.close();
    expect(usedSegments()).toHaveLength(1);
    expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: 301, problem: null });
  });

  it('can be recomputed by anybody from what a decision and its question say', async () => {
    const ledger = new Ledger(dataDir, ONE);
    const response = await append(ledger, 0);
    const [row] = ledger.readAfter(0, 10);
    await ledger.close();
    expect(row?.response).toEqual({ ...response, receipt: null });
    const content = {
      seq: 1,
      prevHash: GENESIS.hash,
      decidedAtMs: NOW_MS,
      mode: 'enforce',
      request: askOf(),
      response: { ...response, receipt: null },
    };
    expect(row?.hash).toBe(hashText(canonicalJson(content)));
  });

  it('refuses what no segment holds, and the neighbours do not pay', async () => {
    const ledger = new Ledger(dataDir, SMALL);
    const [before, bad, after] = await Promise.allSettled([
      append(ledger, 0),
      append(ledger, 2, 5_000),
      append(ledger, 1),
    ]);
    await ledger.close();
    expect(before).toMatchObject({ status: 'fulfilled', value: { seq: 1 } });
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'ledger_unwritable' } });
    expect(after).toMatchObject({ status: 'fulfilled', value: { seq: 2 } });
  });

  it('says where it cannot be opened', () => {
    writeFileSync(join(dataDir, 'file'), '');
    const open = () => new Ledger(join(dataDir, 'file'));
    expect(codeOf(open)).toBe('data_dir_unwritable');
    expect(open).toThrow(join(dataDir, 'file'));
  });

  it('never passes over a record in the format of before', () => {
    mkdirSync(ledgerPath(dataDir));
    writeFileSync(join(ledgerPath(dataDir), 'data.mdb'), '');
    expect(codeOf(() => new Ledger(dataDir))).toBe('data_dir_unwritable');
    expect(codeOf(() => verifyLedger(dataDir))).toBe('data_dir_unwritable');
  });

  it('is verified while it is written', async () => {
    const ledger = new Ledger(dataDir, ONE);
    await append(ledger, 0);
    expect(verifyLedger(dataDir).lineCount).toBe(1);
    await append(ledger, 1);
    expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: 2, head: ledger.checkpoint() });
    await ledger.close();
  });

  it('makes the next segment in advance, and changes to it as often as it must', async () => {
    const ledger = new Ledger(dataDir, SMALL);
    const answers: Decision[] = [];
    for (let group = 0; group < 20; group++) answers.push(...(await appendMany(ledger, 1 + (group % 7))));
    await ledger.close();
    expect(answers.map(({ seq }) => seq)).toEqual(answers.map((_, index) => index + 1));
    const { length } = usedSegments();
    expect(length).toBeGreaterThan(10);
    expect(segmentFiles(ledgerPath(dataDir))).toHaveLength(length + 1);
    expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: answers.length });
  });
});

describe('reading a ledger on', () => {
  it('gives every line once, in order, as it comes, also after a restart and once more when asked', async () => {
    const ledger = new Ledger(dataDir, SMALL);
    const seqsAfter = (of: Ledger, seq: number, limit = 100) =>
      of.readAfter(seq, limit).map(({ response }) => response.seq);
    expect(seqsAfter(ledger, 0)).toEqual([]);
    await appendMany(ledger, 12);
    expect(seqsAfter(ledger, 0, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(seqsAfter(ledger, 0, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(seqsAfter(ledger, 5)).toEqual([6, 7, 8, 9, 10, 11, 12]);
    expect(seqsAfter(ledger, 12)).toEqual([]);
    await append(ledger, 13);
    expect(seqsAfter(ledger, 12)).toEqual([13]);
    await ledger.close();

    const again = new Ledger(dataDir, SMALL);
    for (let seq = 0; seq <= 13; seq++) expect(seqsAfter(again, seq)).toHaveLength(13 - seq);
    await again.close();
  });

  it('reads a line that is longer than what is read at once', async () => {
    const ledger = new Ledger(dataDir);
    await append(ledger, 0, 3_000_000);
    await append(ledger, 1);
    expect(ledger.readAfter(0, 10).map(({ response }) => response.seq)).toEqual([1, 2]);
    await ledger.close();
  });

  it('keeps where it came to, and says when the lines before the end cannot be read', async () => {
    await fill(10);
    const ledger = new Ledger(dataDir, ONE);
    expect(ledger.readCursor()).toBe(10);
    tamper((lines) => lines.map((line) => line.replace('"hold"', '"deny"')));
    expect(() => ledger.readAfter(4, 10)).toThrow('cannot be read on after line 0');
    await ledger.close();
  });
});

describe('verifyLedger', () => {
  it('does not pass where there is nothing', () => {
    expect(codeOf(() => verifyLedger(dataDir))).toBe('not_found');
  });

  it.each([
    [
      'a changed answer',
      (lines) => lines.with(4, lines[4]?.replace('"hold"', '"allow"') ?? ''),
      5,
      'match its hash',
    ],
    [
      'a changed answer with a new hash',
      (lines) => lines.with(4, rehashed(lines[4] ?? '', '"hold"', '"allow"')),
      6,
      'line 6 does not follow line 5',
    ],
    [
      'a changed last answer',
      (lines) => lines.with(9, lines[9]?.replace('"hold"', '"allow"') ?? ''),
      10,
      'hash',
    ],
    ['a line taken out', (lines) => lines.toSpliced(4, 1), 6, 'line 5 is missing'],
    ['a line in another place', (lines) => lines.with(4, lines[5] ?? ''), 6, 'line 5 is missing'],
    [
      'a line of two numbers',
      (lines) => lines.with(4, rehashed(lines[4] ?? '', '"seq":5', '"seq":6')),
      5,
      'line 5 says it is line 6',
    ],
    ['what is no decision', (lines) => lines.with(4, `${hashText('{')}{`), 5, 'match its hash'],
    ['a line overwritten with zeros', (lines) => lines.with(4, '\0'.repeat(500)), 5, 'match its hash'],
    ['the end cut off', (lines) => lines.slice(0, 9), 10, 'lines after 9 were cut off'],
    ['everything cut off', () => [], 1, 'lines after 0 were cut off'],
  ] as [string, Parameters<typeof tamper>[0], number, string][])(
    'finds %s',
    async (_name, change, seq, text) => {
      await fill(10);
      tamper(change);
      const { isIntact, problem } = verifyLedger(dataDir);
      expect(isIntact).toBe(false);
      expect(problem?.seq).toBe(seq);
      expect(problem?.text).toContain(text);
    },
  );

  it.each([
    [
      'a changed line',
      () => tamper(([one = '', ...rest]) => [one.replace('"hold"', '"allow"'), ...rest], 1),
      'does not match',
    ],
    [
      'a changed last line',
      () => tamper((lines) => lines.with(-1, rehashed(lines.at(-1) ?? '', '"hold"', '"deny"')), 1),
      'does not follow',
    ],
    ['a missing last line', () => tamper((lines) => lines.slice(0, -1), 1), 'is missing'],
    ['a missing segment', () => rmSync(usedSegments()[1]?.path ?? ''), 'is missing'],
    ['a missing first segment', () => rmSync(usedSegments()[0]?.path ?? ''), 'line 1 is missing'],
    ['a missing last segment', () => rmSync(usedSegments().at(-1)?.path ?? ''), 'were cut off'],
  ])('finds %s among many segments', async (_name, change, text) => {
    await fill(40, SMALL);
    expect(usedSegments().length).toBeGreaterThan(4);
    change();
    expect(verifyLedger(dataDir).problem?.text).toContain(text);
  });

  it('finds a ledger that was written anew, by a checkpoint kept elsewhere', async () => {
    await fill(10);
    const { head } = verifyLedger(dataDir);
    expect(verifyLedger(dataDir, { since: head }).isIntact).toBe(true);
    rmSync(ledgerPath(dataDir), { recursive: true });
    await fill(9);
    expect(verifyLedger(dataDir).isIntact).toBe(true);
    expect(verifyLedger(dataDir, { since: head }).problem?.text).toContain(
      'ends before the checkpoint at line 10',
    );
    expect(verifyLedger(dataDir, { since: { seq: 9, hash: head.hash } }).problem?.text).toContain(
      'is not the one of the checkpoint',
    );
  });
});

describe('a ledger whose last write was cut off', () => {
  it.each([
    ['half a line', (next) => next.subarray(0, 100)],
    ['noise', () => Buffer.from([1, 2, 10, 0, 0, 10, 255])],
    ['a group without its first block', (next) => Buffer.concat([Buffer.alloc(600), next])],
    ['a line that follows another one', () => lineOf(11, '1'.repeat(64))],
  ] as [string, (next: Buffer) => Buffer][])(
    'leaves %s as it is, and goes on behind it',
    async (_name, tail) => {
      await fill(10);
      tear(tail(lineOf(11, verifyLedger(dataDir).head.hash)));
      const [evidence] = usedSegments();

      for (const seq of [11, 12]) {
        const ledger = new Ledger(dataDir, ONE);
        expect((await append(ledger, seq)).seq).toBe(seq);
        await ledger.close();
      }
      expect(usedSegments()).toHaveLength(2);
      expect(usedSegments()[0]?.bytes.equals(evidence?.bytes ?? Buffer.of())).toBe(true);
      expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: 12 });
      const ledger = new Ledger(dataDir, ONE);
      expect(ledger.readAfter(0, 100).map(({ decidedAtMs }) => decidedAtMs - NOW_MS)).toEqual([
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12,
      ]);
      await ledger.close();
    },
  );

  it('goes on behind a segment that got no line at all, twice', async () => {
    await fill(4, { segmentBytes: 4_096 });
    for (const ordinal of [2, 3]) {
      const { path } = segmentFiles(ledgerPath(dataDir)).at(-1) as { path: string };
      expect(path).toContain(`0000000${ordinal}.lines`);
      const bytes = readFileSync(path);
      bytes.write('abc\n0123');
      writeFileSync(path, bytes);
      await new Ledger(dataDir, SMALL).close();
    }
    const ledger = new Ledger(dataDir, SMALL);
    expect((await append(ledger, 5)).seq).toBe(5);
    expect(ledger.readAfter(3, 10).map(({ response }) => response.seq)).toEqual([4, 5]);
    await ledger.close();
    expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: 5 });
  });

  it('keeps a line that was whole', async () => {
    await fill(10);
    tear(lineOf(11, verifyLedger(dataDir).head.hash));
    const ledger = new Ledger(dataDir, ONE);
    expect((await append(ledger, 0)).seq).toBe(12);
    await ledger.close();
    expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: 12 });
  });

  it('is intact before it is opened again, when half a line is all there is', async () => {
    await fill(10);
    tear(lineOf(11, verifyLedger(dataDir).head.hash).subarray(0, toSectorEnd()));
    expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: 10 });
  });

  it('gives no number twice that was copied, and lets the gap show, when more is gone than a crash takes', async () => {
    await fill(10);
    tamper((lines) => lines.slice(0, 7));
    for (const seq of [11, 12]) {
      const ledger = new Ledger(dataDir, ONE);
      expect((await append(ledger, 0)).seq).toBe(seq);
      expect(ledger.readAfter(10, 10)).toHaveLength(seq - 10);
      await ledger.close();
    }
    expect(verifyLedger(dataDir).problem).toEqual({
      seq: 11,
      text: 'line 8 is missing: 7 is followed by 11',
    });
  });
});

describe('a ledger of any life', () => {
  it('is intact, and holds every decision that was given at its number', async () => {
    const tail = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 2_000 }),
      fc.nat(1_200).map((length) => (next: Buffer) => next.subarray(0, length)),
      fc.nat(3_000).map((length) => (next: Buffer) => Buffer.concat([Buffer.alloc(length), next])),
    );
    const step = fc.record({
      groups: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 5 }),
      tail: fc.option(tail),
    });
    const life = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
      rmSync(ledgerPath(dataDir), { recursive: true, force: true });
      const given: Decision[] = [];
      const live = async (groups: readonly number[]) => {
        const ledger = new Ledger(dataDir, SMALL);
        for (const count of groups) given.push(...(await appendMany(ledger, count)));
        await ledger.close();
      };
      for (const { groups, tail } of steps) {
        await live([1, ...groups]);
        const { seq, hash } = verifyLedger(dataDir).head;
        if (tail !== null) tear(typeof tail === 'function' ? tail(lineOf(seq + 1, hash)) : tail);
      }
      await live([1]);
      const { isIntact, lineCount, head } = verifyLedger(dataDir);
      expect({ isIntact, seq: head.seq }).toEqual({ isIntact: true, seq: lineCount });
      const ledger = new Ledger(dataDir, SMALL);
      const rows = ledger.readAfter(0, Number.POSITIVE_INFINITY);
      await ledger.close();
      expect(rows.map(({ response }) => response.seq)).toEqual(rows.map((_, index) => index + 1));
      expect(given.map(({ seq }) => rows[seq - 1]?.response)).toEqual(
        given.map((one) => ({ ...one, receipt: null })),
      );
    });
    await fc.assert(life, { numRuns: 20 });
  });
});

/** A process that appends for ever; no file of it grows beyond `fileBytesMax`, as on a full disk. */
function startWriter({
  segmentBytes,
  fileBytesMax = 'unlimited',
}: {
  segmentBytes: number;
  fileBytesMax?: string;
}) {
  const args = [`--fsize=${fileBytesMax}:`, process.execPath, WRITER, dataDir, '7', String(segmentBytes)];
  return spawn('prlimit', args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Lines a writer printed until it was killed by `onLine`: numbers of decisions it gave, and codes of failures. */
async function run(child: ChildProcess, onLine: (printed: string[]) => void): Promise<string[]> {
  const printed: string[] = [];
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    printed.push(line);
    onLine(printed);
  }
  await exited;
  expect(child.signalCode).toBe('SIGKILL');
  return printed;
}

const numbers = (printed: readonly string[]) => printed.map(Number).filter(Number.isInteger);

describe('a ledger whose process is killed', () => {
  it.each([
    ['in one segment', 8_388_608],
    ['in many', 16_384],
  ])('holds every decision that was given, in an unbroken chain, %s', async (_name, segmentBytes) => {
    let given = 0;
    for (const stopAfter of [40, 90, 200]) {
      const child = startWriter({ segmentBytes });
      const printed = await run(child, ({ length }) => length === stopAfter && child.kill('SIGKILL'));
      expect(Number(printed[0])).toBeGreaterThan(given);
      given = Number(printed.at(-1));
      const { isIntact, lineCount } = verifyLedger(dataDir);
      expect(isIntact).toBe(true);
      expect(lineCount).toBeGreaterThanOrEqual(given);
    }
  });

  it('is intact whenever it is looked at meanwhile', async () => {
    const child = startWriter({ segmentBytes: 4_096 }); // it often changes to the next between two reads
    const problems: unknown[] = [];
    await run(child, () => {
      if (problems.length < 50) problems.push(verifyLedger(dataDir).problem);
      else child.kill('SIGKILL');
    });
    expect(problems).toEqual(Array(50).fill(null));
  });
});

describe('a ledger whose disk is full', () => {
  it('gives no decision it could not record, and goes on at the same number when there is room', async () => {
    await fill(1, { segmentBytes: 1_000_000 });
    const child = startWriter({ segmentBytes: 1_000_000, fileBytesMax: '300000' });
    const printed = await run(child, (lines) => {
      const refused = lines.indexOf('ledger_unwritable');
      if (refused === lines.length - 1)
        execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited:']);
      if (refused >= 0 && numbers(lines.slice(refused)).length > 50) child.kill('SIGKILL');
    });
    const given = numbers(printed);
    expect(given).toEqual(given.map((_, index) => index + 2));
    expect(usedSegments()).toHaveLength(1);
    expect(usedSegments()[0]?.linesEnd).toBeGreaterThan(300_000);
    expect(verifyLedger(dataDir).isIntact).toBe(true);
  });

  it('leaves nothing of a refused group that could be taken for decisions', () => {
    const script = join(import.meta.dirname, 'ledger-refused-group.ts');
    const printed = execFileSync(process.execPath, [script, dataDir], { encoding: 'utf8' });
    const refused = Array.from({ length: 12 }, () => 'ledger_unwritable');
    expect(JSON.parse(printed)).toEqual({ before: [1], refused, after: [2] });
    expect(usedSegments()).toHaveLength(2);
    expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: 2 });
  });

  it('starts, and refuses while no segment can be made', async () => {
    const child = startWriter({ segmentBytes: 1_000_000, fileBytesMax: '300000' });
    const printed = await run(child, ({ length }) => length === 20 && child.kill('SIGKILL'));
    expect(new Set(printed)).toEqual(new Set(['ledger_unwritable']));
    expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: 0 });
    const ledger = new Ledger(dataDir, ONE);
    expect((await append(ledger, 0)).seq).toBe(1);
    await ledger.close();
  });

  it('fills its segment, refuses what needs the next, and makes it when it can', async () => {
    await fill(1, SMALL);
    rmSync(segmentFiles(ledgerPath(dataDir)).at(-1)?.path ?? '');
    const obstacle = join(ledgerPath(dataDir), 'next.tmp');
    mkdirSync(obstacle);
    const ledger = new Ledger(dataDir, SMALL);
    expect((await append(ledger, 0)).seq).toBe(2);
    await expect(appendMany(ledger, 4)).rejects.toMatchObject({ code: 'ledger_unwritable' });
    expect((await append(ledger, 0)).seq).toBe(3);
    rmSync(obstacle, { recursive: true });
    expect((await appendMany(ledger, 4)).map(({ seq }) => seq)).toEqual([4, 5, 6, 7]);
    await ledger.close();
    expect(readdirSync(ledgerPath(dataDir)).sort()).toEqual([
      '00000001.lines',
      '00000002.lines',
      '00000003.lines',
      'checkpoints',
      'copied.cursor',
      'tree.json',
      'verifier-keys',
    ]);
    expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: 7 });
  });
});
