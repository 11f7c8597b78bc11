import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { NativeInsert } from '../core/native-insert.ts';
import type { ChunkSink } from './transcode/chunk-sink.ts';

/**
 * Rows of batches until they are stored, one file per batch and table: half a million spans weigh 280 MB, which
 * as memory of this process would be garbage a second later. The files are nobody's promise (the spool has the
 * requests): not synced, and cleared at every start. On the same host the engine reads them by their name.
 */
export class ChunkFolder {
  readonly #path: string;
  #files = 0;

  constructor(path: string) {
    this.#path = resolve(path);
    rmSync(this.#path, { recursive: true, force: true });
    mkdirSync(this.#path, { recursive: true, mode: 0o700 });
  }

  sink(table: string): ChunkSink {
    return new ChunkFile(() => join(this.#path, `${table}-${this.#files++}.native`));
  }
}

/** Removes what an insert left behind, when it is stored or will never be. */
export async function removeChunks(inserts: readonly NativeInsert[]): Promise<void> {
  await Promise.all(inserts.map(({ file }) => (file === null ? null : rm(file, { force: true }))));
}

/** A file that cannot be written (a full disk) costs nothing but memory: what comes after stays there. */
class ChunkFile implements ChunkSink {
  readonly #newPath: () => string;
  #path: string | null = null;
  #descriptor: number | null = null;
  #length = 0;
  #isBroken = false;
  #chunks: Uint8Array[] = [];

  constructor(newPath: () => string) {
    this.#newPath = newPath;
  }

  push(block: Uint8Array): void {
    if (this.#isBroken || !this.#write(block)) this.#chunks.push(block.slice());
  }

  take(): Pick<NativeInsert, 'file' | 'chunks'> {
    const taken = { file: this.#path, chunks: this.#chunks };
    this.#restart();
    return taken;
  }

  discard(): void {
    const path = this.#path;
    this.#restart();
    if (path !== null) rmSync(path, { force: true });
  }

  #write(block: Uint8Array): boolean {
    try {
      this.#path ??= this.#newPath();
      this.#descriptor ??= openSync(this.#path, 'wx', 0o600);
      for (let at = 0; at < block.length; ) at += writeSync(this.#descriptor, block, at);
      this.#length += block.length;
      return true;
    } catch {
      this.#isBroken = true;
      if (this.#descriptor === null) this.#path = null;
      else ftruncateSync(this.#descriptor, this.#length); // half a block would spoil those before it
      return false;
    }
  }

  #restart(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#path = null;
    this.#descriptor = null;
    this.#length = 0;
    this.#isBroken = false;
    this.#chunks = [];
  }
}
