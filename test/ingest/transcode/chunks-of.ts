import { createHash } from 'node:crypto';
import type { Signal } from '../../../core/signal.ts';
import type { Judged } from '../../../ingest/transcode/judgement.ts';
import { SignalBatch } from '../../../ingest/transcode/signal-batch.ts';

/** Of today: the tables let rows expire a month after they arrived. */
export const ARRIVAL = { receivedAtMs: Date.now(), tenant: 'default' };

/** What a batch hands out, comparable; a difference of bytes is a difference of digests. */
export function sealed(batch: SignalBatch): string[] {
  return batch.seal().map(({ table, columns, chunks, rowCount }) => {
    const digests = chunks.map((chunk) => createHash('sha256').update(chunk).digest('hex'));
    return [table, columns.join(), rowCount, ...digests].join('\n');
  });
}

/** The chunks of some bodies in a fresh batch, and what was said of each. */
export function chunksOf(
  signal: Signal,
  bodies: readonly Uint8Array[],
): { chunks: string[]; judged: Judged[] } {
  const batch = new SignalBatch(signal);
  const judged = bodies.map((body) => batch.append(body, ARRIVAL));
  return { chunks: sealed(batch), judged };
}
