import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SIGNALS, type Signal } from '../../core/signal.ts';
import { CONTENT_ENCODINGS, CONTENT_TYPES } from '../../ingest/export-request.ts';
import { Spool, type SpoolOptions } from '../../ingest/spool.ts';
import { decodeSpoolRecord, encodeSpoolRecord, type SpoolRecord } from '../../ingest/spool-record.ts';
import { temporaryFolder } from './temporary-folder.ts';

const record = fc.record({
  contentType: fc.constantFrom(...CONTENT_TYPES),
  contentEncoding: fc.constantFrom(...CONTENT_ENCODINGS),
  receivedAtMs: fc.double({ noNaN: true }),
  tenant: fc.string({ unit: 'grapheme', maxLength: 20 }),
  body: fc.uint8Array({ maxLength: 6_000 }),
});

const recordOf = (text: string): SpoolRecord => ({
  contentType: 'protobuf',
  contentEncoding: 'identity',
  receivedAtMs: 1,
  tenant: '',
  body: Buffer.from(text),
});

const open = (folder: string, options: Partial<SpoolOptions> = {}) =>
  Spool.open({ folder, bytesMax: 2 ** 30, diskFreeBytesMin: 0, ...options });

const textOf = (spool: Spool, signal: Signal, seq: number) => {
  const found = spool.read(signal, seq);
  return found === undefined ? undefined : Buffer.from(found.body).toString();
};

describe('a spool record', () => {
  it('comes back as it went in', () => {
    fc.assert(
      fc.property(record, (written) => {
        const read = decodeSpoolRecord(encodeSpoolRecord(written));
        expect({ ...read, body: Uint8Array.from(read.body) }).toEqual(written);
      }),
    );
  });

  it('of another version is refused with what to do', () => {
    const bytes = encodeSpoolRecord(recordOf('x'));
    bytes[0] = 9;
    expect(() => decodeSpoolRecord(bytes)).toThrow(/start the version that wrote it/);
  });
});

describe('the spool', () => {
  it('holds what was appended and not released, whatever the order of operations and restarts', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('append'), signal: fc.constantFrom(...SIGNALS) }) },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('release'), signal: fc.constantFrom(...SIGNALS) }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen'), signal: fc.constantFrom(...SIGNALS) }) },
    );
    const run = async (steps: { do: string; signal: Signal }[]) => {
      await using folder = await temporaryFolder();
      let spool = await open(folder.path);
      const held = new Map<string, string>();
      const everUsed = new Set<string>();
      const act: Record<string, (signal: Signal) => Promise<void>> = {
        append: async (signal) => {
          const text = `${signal} ${everUsed.size}`;
          const { seq, durable } = spool.append(signal, recordOf(text));
          expect(everUsed).not.toContain(`${signal} ${seq}`);
          everUsed.add(`${signal} ${seq}`);
          held.set(`${signal} ${seq}`, text);
          await durable;
        },
        release: async (signal) => {
          const fromSeq = spool.firstSeq(signal);
          const toSeq = Math.min(fromSeq + 1, spool.lastSeq(signal));
          const batch = { signal, fromSeq, toSeq, split: null };
          await spool.recordBatch(batch);
          await spool.release(batch);
          for (let seq = fromSeq; seq <= toSeq; seq++) held.delete(`${signal} ${seq}`);
        },
        reopen: async () => {
          await spool.close();
          spool = await open(folder.path);
        },
      };
      for (const { do: name, signal } of steps) await act[name]?.(signal);
      for (const [key, text] of held) {
        const [signal, seq] = key.split(' ') as [Signal, string];
        expect(textOf(spool, signal, Number(seq))).toBe(text);
      }
      expect(SIGNALS.reduce((sum, signal) => sum + spool.recordCount(signal), 0)).toBe(held.size);
      await spool.close();
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 30 }), run), { numRuns: 25 });
  });

  it('never uses a seq twice, also when all was released before a restart', async () => {
    await using folder = await temporaryFolder();
    const first = await open(folder.path);
    for (const text of ['a', 'b', 'c']) await first.append('logs', recordOf(text)).durable;
    await first.release({ signal: 'logs', fromSeq: 1, toSeq: 3, split: null });
    await first.close();
    const second = await open(folder.path);
    expect(second.id).toBe(first.id);
    expect(second.append('logs', recordOf('d')).seq).toBe(4);
    expect(second.append('traces', recordOf('e')).seq).toBe(1);
    await second.close();
  });

  it('shows a record at once, and after a restart, and its recorded batch', async () => {
    await using folder = await temporaryFolder();
    const first = await open(folder.path);
    const { durable } = first.append('metrics', recordOf('on its way'));
    expect(textOf(first, 'metrics', 1)).toBe('on its way');
    await durable;
    await first.recordBatch({ signal: 'metrics', fromSeq: 1, toSeq: 1, split: { storedTables: ['t'] } });
    await first.close();
    const second = await open(folder.path);
    expect(textOf(second, 'metrics', 1)).toBe('on its way');
    expect(second.recordedBatches('metrics')).toEqual([
      { signal: 'metrics', fromSeq: 1, toSeq: 1, split: { storedTables: ['t'] } },
    ]);
    expect(second.recordedBatches('traces')).toEqual([]);
    await second.close();
  });

  it('refuses above its bound, retryable, keeps what it holds, and takes more after a release', async () => {
    await using folder = await temporaryFolder();
    const spool = await open(folder.path, { bytesMax: 200_000 });
    const big = recordOf('x'.repeat(60_000));
    for (let count = 0; count < 3; count++) {
      spool.assertRoom(big);
      await spool.append('traces', big).durable;
    }
    expect(() => spool.assertRoom(big)).toThrow(expect.objectContaining({ code: 'spool_full' }));
    await spool.release({ signal: 'traces', fromSeq: 1, toSeq: 2, split: null });
    spool.assertRoom(big);
    expect(textOf(spool, 'traces', 3)).toHaveLength(60_000);
    await spool.close();
  });

  it('sets a request aside with its bytes and a reason, and counts it', async () => {
    await using folder = await temporaryFolder();
    const spool = await open(folder.path);
    await spool.append('logs', recordOf('bad')).durable;
    const why = {
      signal: 'logs',
      seq: 1,
      reason: 'the store says no',
      detail: 'because',
      storedTables: [],
      atMs: 5,
    } as const;
    await spool.setAside(why);
    expect(spool.read('logs', 1)).toBeUndefined();
    expect(spool.poisoned()).toEqual([why]);
    expect(spool.poisonedCount).toBe(1);
    expect(spool.bytes).toBeGreaterThan(0);
    await spool.close();
    const again = await open(folder.path);
    expect(again.poisoned()).toEqual([why]);
    expect(again.append('logs', recordOf('next')).seq).toBe(2);
    await again.close();
  });

  it('says what to do when its folder cannot be made', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'file'), '');
    await expect(open(join(folder.path, 'file', 'spool'))).rejects.toMatchObject({
      code: 'data_dir_unwritable',
      message: expect.stringContaining('PLUMBLINE_DATA_DIR'),
    });
  });
});

describe('after kill -9', () => {
  it('25: every acknowledged record is there, byte for byte', async () => {
    await using folder = await temporaryFolder();
    const acknowledged = new Map<number, string>();
    for (const round of [1, 2, 3]) {
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, 'append-until-killed.ts'), folder.path, String(round)],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const exited = once(child, 'exit');
      const before = acknowledged.size;
      for await (const line of createInterface({ input: child.stdout })) {
        const [seq, bodyBytes, text = ''] = line.split(' ');
        expect(acknowledged.has(Number(seq))).toBe(false);
        acknowledged.set(Number(seq), text.padEnd(Number(bodyBytes), '.'));
        const enough = acknowledged.size === before + 100 + round * 137;
        child.kill(enough ? 'SIGKILL' : 0);
      }
      await exited;
    }
    const spool = await open(folder.path);
    expect(acknowledged.size).toBeGreaterThan(1_000);
    for (const [seq, text] of acknowledged) expect(textOf(spool, 'traces', seq)).toBe(text);
    await spool.close();
  });
});
