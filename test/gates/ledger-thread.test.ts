import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../../core/log.ts';
import { LedgerThread } from '../../gates/ledger-thread.ts';
import { verifyLedger } from '../../gates/verify-ledger.ts';
import { askOf, NOW_MS } from './judged-world.ts';
import { bodyOf } from './ledger-writer.ts';

let dataDir: string;
let lines: string[];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'plumbline-ledger-thread-'));
  lines = [];
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const note = (_facts: object, text: string) => lines.push(text);
const log: Log = { info: note, warn: note, error: note };
/** Of nobody: lines stay in the ledger. */
const store = { url: 'http://127.0.0.1:9' };
const open = (at = dataDir) => LedgerThread.open({ dataDir: at, signingKeyPath: undefined, store }, log);

const append = (ledger: LedgerThread, decisionId: string, needs = {}) =>
  ledger.append({ decidedAtMs: NOW_MS, decisionId, request: { ...askOf(), needs }, body: bodyOf() });

describe('the thread of a ledger', () => {
  it('answers what it was asked, in order, and refuses one without harm to its neighbours', async () => {
    const ledger = await open();
    const ids = Array.from({ length: 50 }, (_, index) => `d_${index}`);
    const asked = ids.map((id) => append(ledger, id, id === 'd_7' ? { wait: Number.NaN } : {}));
    const answers = await Promise.allSettled(asked);
    expect(answers[7]).toMatchObject({ status: 'rejected', reason: { code: 'ledger_unwritable' } });
    const given = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    expect(given.map(({ seq }) => seq)).toEqual(Array.from({ length: 49 }, (_, index) => index + 1));
    expect(given.map(({ decisionId }) => decisionId)).toEqual(ids.filter((id) => id !== 'd_7'));
    expect(ledger.checkpoint().seq).toBe(49);
    expect(ledger.readAfter(47, 10).map(({ response }) => response.decisionId)).toEqual(['d_48', 'd_49']);
    await ledger.close();
    expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: 49 });
  });

  it('says what its copying says', async () => {
    const ledger = await open();
    await append(ledger, 'd_1');
    await expect.poll(() => lines.join('\n')).toContain('they wait in the ledger');
    await ledger.close();
  });

  it('closes once, and refuses what comes after', async () => {
    const ledger = await open();
    await append(ledger, 'd_1');
    const [first, second] = await Promise.all([ledger.close(), ledger.close()]);
    expect(first).toMatchObject({ size: 1 });
    expect(second).toEqual(first);
    await expect(append(ledger, 'd_2')).rejects.toMatchObject({ code: 'ledger_unwritable' });
    expect(verifyLedger(dataDir)).toMatchObject({ isIntact: true, lineCount: 1, signedSeq: 1 });
  });

  it('says why it cannot be opened', async () => {
    writeFileSync(join(dataDir, 'file'), '');
    await expect(open(join(dataDir, 'file'))).rejects.toMatchObject({ code: 'data_dir_unwritable' });
  });
});
