import type { NativeInsert } from '../../core/native-insert.ts';

/** Where the finished blocks of one table stay until they are inserted. */
export interface ChunkSink {
  /** @param block is read at once: its bytes are used again for the next */
  push(block: Uint8Array): void;
  /** Hands out what was pushed, in order, and starts afresh. */
  take(): Pick<NativeInsert, 'file' | 'chunks'>;
  /** Forgets what was pushed. */
  discard(): void;
}

/** In memory: for batches that stay small. */
export class ChunkMemory implements ChunkSink {
  #chunks: Uint8Array[] = [];

  push(block: Uint8Array): void {
    this.#chunks.push(Buffer.from(block)); // `slice` would clear the memory first
  }

  take(): Pick<NativeInsert, 'file' | 'chunks'> {
    const chunks = this.#chunks;
    this.#chunks = [];
    return { file: null, chunks };
  }

  discard(): void {
    this.#chunks = [];
  }
}
