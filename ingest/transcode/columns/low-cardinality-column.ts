import { ANOMALY } from '../../../core/anomaly.ts';
import { ByteDictionary } from './byte-dictionary.ts';
import type { Column } from './column.ts';
import type { ByteSource, GrowingBytes } from './growing-bytes.ts';
import { IndexList } from './index-list.ts';

/** The one version of a shared dictionary that Native knows. */
const KEYS_SERIALIZATION_VERSION = 1;
/** The block brings its own keys; there is no dictionary shared between blocks. */
const HAS_ADDITIONAL_KEYS = 0x200;
const NEEDS_UPDATE = 0x400;

/** `LowCardinality(String)`: a dictionary of the chunk, and an index per row. */
export class LowCardinalityColumn implements Column {
  readonly type = 'LowCardinality(String)';
  readonly dictionary = new ByteDictionary();
  readonly #indexes = new IndexList();
  readonly #seeds: readonly Uint8Array[];
  #previous = -1;

  /** @param seeds texts that always stand first, so that an enum's number is its index */
  constructor(seeds: readonly string[] = []) {
    this.#seeds = seeds.map((text) => Buffer.from(text));
    this.#seed();
  }

  get rowCount(): number {
    return this.#indexes.rowCount;
  }

  /** @returns anomaly bits: text that is not UTF-8 is stored with its broken bytes replaced */
  push(source: ByteSource, at: number, byteCount: number): number {
    const found = this.dictionary.indexAfter(this.#previous, source, at, byteCount);
    const index = found < 0 ? ~found : found;
    this.#previous = index;
    this.#indexes.push(index);
    return found < 0 ? ANOMALY.invalidUtf8 : 0;
  }

  /** The same text in `times` rows. */
  repeat(source: ByteSource, at: number, byteCount: number, times: number): number {
    if (times === 0) return 0;
    const anomalies = this.push(source, at, byteCount);
    this.#indexes.repeatTail(1, times - 1);
    return anomalies;
  }

  pushIndex(index: number): void {
    this.#indexes.push(index);
  }

  /** Appends `indexes[position]` for each of the first `count` positions. */
  pushIndexesAt(indexes: Int32Array, positions: Int32Array, count: number): void {
    this.#indexes.pushAt(indexes, positions, count);
  }

  /** Appends the last `rows` rows another `times` times. */
  repeatTail(rows: number, times: number): void {
    this.#indexes.repeatTail(rows, times);
  }

  get byteCount(): number {
    return this.#indexes.byteCount + this.dictionary.byteCount;
  }

  mark(): void {
    this.#indexes.mark();
    this.dictionary.mark();
  }

  rollback(): void {
    this.#indexes.rollback();
    this.dictionary.rollback();
    this.#previous = -1;
  }

  reset(): void {
    this.#indexes.reset();
    this.dictionary.reset();
    this.#previous = -1;
    this.#seed();
  }

  writePrefix(into: GrowingBytes): void {
    into.int64(KEYS_SERIALIZATION_VERSION, 0);
  }

  writeData(into: GrowingBytes): void {
    if (this.rowCount === 0) return;
    const { count } = this.dictionary;
    const indexType = count <= 0x100 ? 0 : count <= 0x10000 ? 1 : 2;
    into.int64(HAS_ADDITIONAL_KEYS | NEEDS_UPDATE | indexType, 0);
    into.uint64(count);
    into.copy(this.dictionary.encodedKeys);
    into.uint64(this.rowCount);
    this.#indexes.write(into, 1 << indexType);
  }

  #seed(): void {
    for (const seed of this.#seeds) {
      this.dictionary.indexOf(
        { bytes: seed, view: new DataView(seed.buffer, seed.byteOffset, seed.length) },
        0,
        seed.length,
      );
    }
  }
}
