import type { Signal } from '../core/signal.ts';
import type { SpoolFiles } from './open-spool-files.ts';

/** Of all that ever had a seq: held, in a recorded batch, set aside or released. */
export function highestSeq(files: SpoolFiles, signal: Signal): number {
  const bounds = {
    start: [signal, Number.MAX_SAFE_INTEGER],
    end: [signal, 0],
    reverse: true,
    limit: 1,
  } as const;
  return Math.max(
    Number(files.meta.get(`released:${signal}`) ?? 0),
    ...files.records[signal].getKeys({ reverse: true, limit: 1 }),
    ...[...files.batches.getRange(asRange(bounds))].map(({ value }) => value.toSeq),
    ...[...files.poisoned.getKeys(asRange(bounds))].map(([, seq]) => seq),
  );
}

function asRange<T extends { start: readonly [Signal, number]; end: readonly [Signal, number] }>(bounds: T) {
  return { ...bounds, start: [...bounds.start], end: [...bounds.end] };
}
