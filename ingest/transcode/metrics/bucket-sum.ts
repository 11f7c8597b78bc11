import { NOT_SENT, type WireReader } from '../wire-reader.ts';
import type { WordList } from '../word-list.ts';

/** Exact sum of 64-bit counts, compared with a 64-bit total: doubles would round counts above 2^53. */
export class BucketSum {
  #low = 0;
  #high = 0;

  clear(): void {
    this.#low = 0;
    this.#high = 0;
  }

  add(counts: WordList): void {
    const { view, length } = counts.data;
    let low = 0;
    let high = 0;
    for (let at = 0; at < length; at += 8) {
      low += view.getUint32(at, true);
      high += view.getUint32(at + 4, true);
    }
    this.#low += low;
    this.#high += high;
  }

  addFixed(reader: WireReader, at: number): void {
    if (at === NOT_SENT) return;
    this.#low += reader.view.getUint32(at, true);
    this.#high += reader.view.getUint32(at + 4, true);
  }

  equals(reader: WireReader, at: number): boolean {
    const carry = Math.floor(this.#low / 2 ** 32);
    const low = this.#low - carry * 2 ** 32;
    const high = this.#high + carry;
    if (at === NOT_SENT) return low === 0 && high === 0;
    return low === reader.view.getUint32(at, true) && high === reader.view.getUint32(at + 4, true);
  }
}
