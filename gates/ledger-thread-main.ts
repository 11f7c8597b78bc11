import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Log } from '../core/log.ts';
import { createStoreClient } from '../store/client.ts';
import { forwardDecisions } from './forward-decisions.ts';
import { Ledger } from './ledger.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import {
  type FromLedgerThread,
  failureOf,
  type LedgerAnswer,
  type LedgerCall,
  type LedgerCalls,
  type LedgerThreadStart,
} from './ledger-message.ts';
import { replicaSigningKey } from './receipts/signing-key.ts';

const { dataDir, signingKeyPath, store, segmentBytes } = workerData as LedgerThreadStart;

function tell(message: FromLedgerThread): void {
  parentPort?.postMessage(message);
}

const say = (level: keyof Log) => (facts: object, text: string) => tell({ kind: 'log', level, facts, text });

/** Writes, signs and copies the lines: the life of the thread that `LedgerThread` starts. */
function run(ledger: Ledger): void {
  const client = createStoreClient(store);
  const stopping = new AbortController();
  const log = { info: say('info'), warn: say('warn'), error: say('error') };
  const forwarded = forwardDecisions({ ledger, client, log, signal: stopping.signal });
  const state = () => ({ head: ledger.checkpoint(), end: ledger.end });

  let answers: LedgerAnswer[] = [];
  const answer = (one: LedgerAnswer): void => {
    if (answers.push(one) > 1) return;
    // After all that one write brought to disk.
    process.nextTick(() => {
      tell({ kind: 'answers', answers, state: state() });
      answers = [];
    });
  };

  async function obey({ name, asked }: LedgerCall): Promise<LedgerCalls[keyof LedgerCalls]['answer']> {
    switch (name) {
      case 'append':
        return await ledger.append(asked as LedgerEntry);
      case 'writeCheckpoint':
        return await ledger.writeCheckpoint();
      case 'newestCheckpoint':
        return await ledger.newestCheckpoint();
      case 'close': {
        stopping.abort();
        await forwarded;
        await client.close();
        return await ledger.close();
      }
    }
  }

  const obeyAll = (calls: readonly LedgerCall[]): void => {
    for (const call of calls) {
      const { id } = call;
      obey(call).then(
        (value) => answer({ id, answer: value }),
        (error) => answer({ id, failure: failureOf(error) }),
      );
    }
  };
  const port = parentPort as MessagePort;
  port.on('message', (calls: readonly LedgerCall[]) => {
    obeyAll(calls);
    // What came while the disk was waited for shares the next write.
    for (let more = receiveMessageOnPort(port); more !== undefined; more = receiveMessageOnPort(port))
      obeyAll(more.message);
  });
  tell({ kind: 'ready', state: state() });
}

try {
  const key = replicaSigningKey(dataDir, signingKeyPath);
  run(new Ledger(dataDir, { key, ...(segmentBytes === undefined ? {} : { segmentBytes }) }));
} catch (error) {
  tell({ kind: 'failed', failure: failureOf(error) });
}
