import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { replicaSigningKey } from '../../gates/receipts/signing-key.ts';
import { verifyReceipt } from '../../gates/receipts/verify-receipt.ts';
import { verifyLedger } from '../../gates/verify-ledger.ts';
import { runCount } from '../run-count.ts';
import { askOf, NOW_MS } from './judged-world.ts';

const WRITER = join(import.meta.dirname, 'receipt-writer.ts');

interface Answer {
  readonly decisionId: string;
  readonly seq: number;
  readonly round: number;
  readonly receipt: string;
}

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'plumbline-kill-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** Answers that were given until `kill -9` after so many of them; the last line may be a part of one. */
async function answersUntilKilled(afterCount: number): Promise<Answer[]> {
  const child = spawn(process.execPath, [WRITER, dataDir, '65536'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.endsWith('}')) lines.push(line);
    if (lines.length === afterCount) child.kill('SIGKILL');
  }
  await exited;
  expect(child.signalCode).toBe('SIGKILL');
  return lines.map((line) => JSON.parse(line) as Answer);
}

it('a process that is killed under load leaves every answer in a ledger that verifies, with receipts that do', async () => {
  const ids = new Map<number, string>();
  for (let kill = 0; kill < runCount({ suite: 3, long: 100 }); kill++) {
    const answers = await answersUntilKilled(40 + ((kill * 97) % 400));
    const seen = new Map<number, string>();
    const { isIntact, problem, signedSeq, lineCount } = verifyLedger(dataDir, {
      onLine: (row) => 'response' in row && seen.set(row.response.seq, row.response.decisionId),
    });
    expect({ isIntact, problem }).toEqual({ isIntact: true, problem: null });
    expect(signedSeq).toBeGreaterThan(0);
    expect(lineCount).toBe(seen.size);
    for (const { seq, decisionId } of answers) ids.set(seq, decisionId);
    // Also those of earlier lives.
    expect([...ids].filter(([seq, id]) => seen.get(seq) !== id)).toEqual([]);
    const keys = [replicaSigningKey(dataDir).public];
    const { kind } = askOf().action;
    const refused = answers.filter(({ receipt, round }) => {
      const action = { kind, target: askOf().target, planGeneration: `g${round}` };
      return !verifyReceipt(receipt, { keys, action, nowMs: NOW_MS }).isValid;
    });
    expect(refused).toEqual([]);
    expect(answers.length).toBeGreaterThanOrEqual(40);
  }
});
