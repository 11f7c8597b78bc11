import { ANOMALY } from '../../../core/anomaly.ts';
import { ATTRIBUTE_WIDTH, type AttributeList } from '../attribute-list.ts';
import { VALUE } from '../value-scan.ts';
import { pushValueText } from '../value-text.ts';
import type { WireReader } from '../wire-reader.ts';
import { ArrayOffsets } from './array-offsets.ts';
import type { Column } from './column.ts';
import { copyWords, type GrowingBytes, NOT_ASCII } from './growing-bytes.ts';
import { KeyOrder } from './key-order.ts';
import { LowCardinalityColumn } from './low-cardinality-column.ts';
import { TextColumn } from './text-column.ts';

/** A list that one huge record blew up is not kept for the next chunk. */
const INDEXES_KEPT_MAX = 65_536;

/** `Map(LowCardinality(String), String)`: attributes sorted by key; of a key that occurs twice, the first. */
export class MapColumn implements Column {
  readonly type = 'Map(LowCardinality(String), String)';
  readonly #offsets = new ArrayOffsets();
  readonly #keys: LowCardinalityColumn;
  readonly #seedCount: number;
  readonly #values = new TextColumn();
  readonly #order = new KeyOrder();
  #indexes = new Int32Array(64);
  #tailKeys = 0;
  #tailValueBytes = 0;
  /** Whether the last row pushed has one of the seeds among its keys. */
  hasSeeded = false;

  /** @param seeds keys that somebody looks for: they stand first, so that an index tells them */
  constructor(seeds: readonly string[] = []) {
    this.#keys = new LowCardinalityColumn(seeds);
    this.#seedCount = seeds.length;
  }

  /**
   * One row from the attributes `from` to `to` of a list; moves the reader.
   * @returns anomaly bits
   */
  push(reader: WireReader, list: AttributeList, from = 0, to = list.count): number {
    const count = to - from;
    const { entries } = list;
    if (count > this.#indexes.length) this.#indexes = new Int32Array(count * 2);
    const { dictionary } = this.#keys;
    const first = from * ATTRIBUTE_WIDTH;
    const valid = dictionary.lookUpKeys(reader, list, from, to, this.#indexes);
    this.hasSeeded = this.#seedCount > 0 && this.#findSeeded(count);
    const unique = this.#order.sort(dictionary, this.#indexes, count);
    let anomalies = valid ? 0 : ANOMALY.invalidUtf8;
    if (unique < count) anomalies |= ANOMALY.duplicateKeys;
    const start = this.#values.data.length;
    anomalies |= this.#pushPairs(reader, entries, first, unique);
    this.#offsets.push(unique);
    this.#tailKeys = unique;
    this.#tailValueBytes = this.#values.data.length - start;
    return anomalies;
  }

  #findSeeded(count: number): boolean {
    for (let i = 0; i < count; i++) if ((this.#indexes[i] as number) < this.#seedCount) return true;
    return false;
  }

  /** Once per attribute: text, most of what there is, is copied without a call, 10 ns instead of 37. */
  #pushPairs(reader: WireReader, entries: Int32Array, first: number, unique: number): number {
    const { positions } = this.#order;
    this.#keys.pushIndexesAt(this.#indexes, positions, unique);
    const values = this.#values;
    const { data } = values;
    const from = reader.view;
    let anomalies = 0;
    for (let i = 0; i < unique; i++) {
      const at = first + (positions[i] as number) * ATTRIBUTE_WIDTH;
      const kind = entries[at + 2] as number;
      const valueAt = entries[at + 3] as number;
      const valueBytes = entries[at + 4] as number;
      if (kind === VALUE.text && valueBytes < 0x80) {
        data.reserve(valueBytes + 1);
        const start = data.length;
        data.bytes[start] = valueBytes;
        const seen = copyWords(from, valueAt, data.view, start + 1, valueBytes);
        data.length = start + 1 + valueBytes;
        if ((seen & NOT_ASCII) !== 0) {
          anomalies |= values.repair(reader.bytes.subarray(valueAt, valueAt + valueBytes), start);
        }
      } else anomalies |= pushValueText(values, reader, kind, valueAt, valueBytes);
    }
    return anomalies;
  }

  /** Appends the last row another `times` times; a resource is encoded once, not once per record. */
  repeatLast(times: number): void {
    this.#keys.repeatTail(this.#tailKeys, times);
    this.#values.data.repeatTail(this.#tailValueBytes, times);
    this.#offsets.repeat(this.#tailKeys, times);
  }

  get byteCount(): number {
    return this.#offsets.byteCount + this.#keys.byteCount + this.#values.byteCount;
  }

  mark(): void {
    this.#offsets.mark();
    this.#keys.mark();
    this.#values.mark();
  }

  rollback(): void {
    this.#offsets.rollback();
    this.#keys.rollback();
    this.#values.rollback();
    this.#order.forget();
  }

  reset(): void {
    this.#offsets.reset();
    this.#keys.reset();
    this.#values.reset();
    this.#order.forget();
    if (this.#indexes.length > INDEXES_KEPT_MAX) this.#indexes = new Int32Array(64);
  }

  writePrefix(into: GrowingBytes): void {
    this.#keys.writePrefix(into);
  }

  writeData(into: GrowingBytes): void {
    this.#offsets.writeData(into);
    this.#keys.writeData(into);
    this.#values.writeData(into);
  }
}
