import { existsSync, mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../core/log.ts';
import type { StoredCheckpoint } from './checkpoint-file.ts';
import type { LedgerThread } from './ledger-thread.ts';

const EVERY_MS = 60_000;

export interface KeepingCheckpoints {
  readonly ledger: LedgerThread;
  /** Another disk, a folder of git, a mount whose files cannot be changed: each checkpoint becomes a file there. */
  readonly copyDir: string | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly everyMs?: number;
}

/** Signs the ledger every minute for as long as it runs. What fails is tried again a minute later. */
export async function keepCheckpoints(keeping: KeepingCheckpoints): Promise<void> {
  const { ledger, log, signal, everyMs = EVERY_MS } = keeping;
  let isFailing = false;
  while (!signal.aborted) {
    try {
      await copyCheckpoint(await ledger.writeCheckpoint(), keeping.copyDir);
      if (isFailing) log.info({}, 'The ledger is signed again.');
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.error({ err: error }, 'The ledger is not signed, or not copied; decisions go on.');
      isFailing = true;
    }
    await sleep(everyMs, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
  }
}

/** A new file each, never written over; one that is there stays. */
export async function copyCheckpoint(
  { origin, size, note }: StoredCheckpoint,
  copyDir: string | undefined,
): Promise<void> {
  if (copyDir === undefined) return;
  mkdirSync(copyDir, { recursive: true });
  const name = `${origin.replaceAll('/', '-')}-${String(size).padStart(12, '0')}.txt`;
  const path = join(copyDir, name);
  if (existsSync(path)) return;
  const file = await open(path, 'wx');
  try {
    await file.writeFile(note);
    await file.sync();
  } finally {
    await file.close();
  }
}
