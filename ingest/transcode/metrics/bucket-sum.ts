import { NOT_SENT, type WireReader } from '../wire-reader.ts';
import type { RangeList } from './range-list.ts';

/** Exact sum of 64-bit counts, compared with a 64-bit total: doubles would round counts above 2^53. */
export class BucketSum {
  #low = 0;
  #high = 0;

  clear(): void {
    this.#low = 0;
    this.#high = 0;
  }

  /** A count from its halves, signed or not. */
  add(low: number, high: number): void {
    this.#low += low >>> 0;
    this.#high += high >>> 0;
  }

  addFixed(reader: WireReader, at: number): void {
    if (at !== NOT_SENT) this.add(reader.view.getInt32(at, true), reader.view.getInt32(at + 4, true));
  }

  /** The counts of a fixed-width field. */
  addAllFixed(reader: WireReader, counts: RangeList): void {
    const { places, length } = counts;
    for (let i = 0; i < length; i += 2) {
      const end = places[i + 1] as number;
      for (let at = places[i] as number; at < end; at += 8) this.addFixed(reader, at);
    }
  }

  equals(reader: WireReader, at: number): boolean {
    const carry = Math.floor(this.#low / 2 ** 32);
    const low = this.#low - carry * 2 ** 32;
    const high = this.#high + carry;
    if (at === NOT_SENT) return low === 0 && high === 0;
    return low === reader.view.getUint32(at, true) && high === reader.view.getUint32(at + 4, true);
  }
}
