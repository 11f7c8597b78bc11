import { LedgerThread } from '../../gates/ledger-thread.ts';
import { askOf, NOW_MS } from './judged-world.ts';
import { bodyOf } from './ledger-writer.ts';

/**
 * Under load for ever: 16 ask, each again when answered, each answer printed with its receipt once it was given;
 * checkpoints are written as fast as they can, so that a kill meets one being written. The first answer is signed before
 * others ask.
 */
async function answerForEver(dataDir: string, segmentBytes: number): Promise<void> {
  const store = { url: 'http://127.0.0.1:9' }; // of nobody: lines stay in the ledger
  const opening = { dataDir, signingKeyPath: undefined, store, segmentBytes };
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const ledger = await LedgerThread.open(opening, silent);
  const ask = async (asker: number, round: number) => {
    const request = { ...askOf(), action: { ...askOf().action, planGeneration: `g${round}` } };
    const { decisionId, seq, receipt } = await ledger.append({
      decidedAtMs: NOW_MS,
      decisionId: `d_${process.pid}_${asker}_${round}`,
      request,
      body: { ...bodyOf(), decision: 'allow' },
    });
    process.stdout.write(`${JSON.stringify({ decisionId, seq, round, receipt })}\n`);
  };
  const askForEver = async (asker: number) => {
    for (let round = 1; ; round++) await ask(asker, round);
  };
  const sign = async () => {
    for (;;) await ledger.writeCheckpoint();
  };
  await ask(0, 0);
  await ledger.writeCheckpoint();
  await Promise.all([sign(), ...Array.from({ length: 16 }, (_, asker) => askForEver(asker))]);
}

const [dataDir, segmentBytes] = process.argv.slice(2) as [string, string];
await answerForEver(dataDir, Number(segmentBytes));
