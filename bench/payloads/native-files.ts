import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NativeInsert } from '../../core/native-insert.ts';
import { SignalBatch } from '../../ingest/transcode/signal-batch.ts';
import type { Payload } from './payload.ts';

export interface NativeFiles {
  readonly inserts: readonly NativeInsert[];
  remove(): Promise<void>;
}

/** Batches of spans as the writer would hand them over, so many files of so many rows. */
export async function nativeFiles(
  payloads: readonly Payload[],
  { files, rows }: { files: number; rows: number },
): Promise<NativeFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-bench-native-'));
  const inserts: NativeInsert[] = [];
  let next = 0;
  while (inserts.length < files) {
    const batch = new SignalBatch('traces');
    while (batch.rowCount < rows) {
      const { protobuf } = payloads[next++ % payloads.length] as Payload;
      batch.append(protobuf, { receivedAtMs: Date.now() + next, tenant: '' });
    }
    const file = join(folder, `${inserts.length}.native`);
    const [insert] = batch.seal() as [NativeInsert];
    const stream = createWriteStream(file);
    for (const chunk of insert.chunks) stream.write(chunk);
    stream.end();
    await once(stream, 'finish');
    inserts.push({ ...insert, file, chunks: [] });
  }
  return { inserts, remove: () => rm(folder, { recursive: true }) };
}
