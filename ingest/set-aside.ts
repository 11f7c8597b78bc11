import type { Log } from '../core/log.ts';
import type { Signal } from '../core/signal.ts';
import type { IngestMetrics } from './ingest-metrics.ts';
import type { Spool } from './spool.ts';

interface SetAsideParts {
  readonly signal: Signal;
  readonly spool: Spool;
  readonly metrics: IngestMetrics;
  readonly log: Log;
  readonly now: () => number;
}

/** Takes a request that was accepted, but cannot be read again, out of the way. */
export function setAsideUnreadable(parts: SetAsideParts, seq: number, error: unknown): Promise<void> {
  return setAside(parts, seq, `it cannot be read again: ${(error as Error).message}`);
}

/** Takes a request whose rows the store refuses out of the way; rows in other tables may be stored already. */
export function setAsideRefused(parts: SetAsideParts, seq: number, error: unknown): Promise<void> {
  return setAside(parts, seq, `the store refuses its rows: ${(error as Error).message}`);
}

async function setAside(parts: SetAsideParts, seq: number, reason: string): Promise<void> {
  const { signal, spool, metrics, log, now } = parts;
  await spool.settled(signal, seq);
  await spool.setAside({ signal, seq, reason, atMs: now() });
  metrics.setAside(signal);
  log.error(
    { signal, seq, reason },
    `One acknowledged ${signal} request was set aside: ${reason}. Its bytes stay in the spool, database "poisoned", and take room there; please report this with the reason, the request can be stored once its cause is mended.`,
  );
}
