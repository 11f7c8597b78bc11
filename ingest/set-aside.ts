import { FAILURES, type PipelineError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Signal } from '../core/signal.ts';
import type { IngestMetrics } from './ingest-metrics.ts';
import type { SetAside } from './open-spool-files.ts';
import type { Spool } from './spool.ts';

interface SetAsideParts {
  readonly signal: Signal;
  readonly spool: Spool;
  readonly metrics: IngestMetrics;
  readonly log: Log;
  readonly now: () => number;
}

/** A request, and the tables that hold its rows already; null when nobody can know. */
type Asided = Pick<SetAside, 'seq' | 'storedTables'>;

/** Takes a request that was accepted, but cannot be read again, out of the way. */
export function setAsideUnreadable(parts: SetAsideParts, asided: Asided, error: unknown): Promise<void> {
  return setAside(parts, asided, `it cannot be read again: ${codeOf(error)}`, error);
}

/** Takes a request whose rows the store refuses out of the way. */
export function setAsideRefused(parts: SetAsideParts, asided: Asided, error: unknown): Promise<void> {
  return setAside(parts, asided, `the store refuses its rows: ${codeOf(error)}`, error);
}

/** ClickHouse's own code where there is one. */
function codeOf(error: unknown): string {
  const { code, facts } = error as Partial<PipelineError>;
  const { clickhouseCode, clickhouseType } = facts ?? {};
  if (clickhouseCode !== undefined) return `ClickHouse code ${clickhouseCode}, ${clickhouseType}`;
  return code !== undefined && code in FAILURES ? code : 'internal';
}

async function setAside(
  { signal, spool, metrics, log, now }: SetAsideParts,
  { seq, storedTables }: Asided,
  reason: string,
  error: unknown,
): Promise<void> {
  const detail = (error as Error).message;
  await spool.settled(signal, seq);
  await spool.setAside({ signal, seq, reason, detail, storedTables, atMs: now() });
  metrics.setAside(signal);
  log.error(
    { signal, seq, reason, detail },
    `One acknowledged ${signal} request was set aside: ${reason}. Its bytes stay in the spool and take room there; "plumbline spool" lists it, and puts it back once its cause is mended.`,
  );
}
