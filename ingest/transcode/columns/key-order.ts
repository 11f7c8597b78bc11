import type { ByteDictionary } from './byte-dictionary.ts';

const SLOTS = 256;
const NO_SLOT = SLOTS;
/** Longer lists are sorted every time; SDKs stop at 128 attributes, and few records come near. */
const CACHED_KEYS_MAX = 32;
/** A list that one huge record blew up is not kept for the next chunk. */
const POSITIONS_KEPT_MAX = 65_536;

/**
 * The order of a list of keys by their bytes. Records of one kind carry the same keys in the same order, so the
 * answer is remembered per sequence of keys.
 */
export class KeyOrder {
  /** The answer: positions in the list, sorted by key, of the first occurrence of each. */
  positions = new Int32Array(CACHED_KEYS_MAX);
  /** Of keys per slot; one more for NO_SLOT, whose count stays 0. */
  readonly #counts = new Int32Array(SLOTS + 1);
  readonly #uniqueCounts = new Int32Array(SLOTS);
  /** 64 KiB, so only where there are attributes. */
  #keys = new Int32Array(0);
  #orders = new Int32Array(0);
  /** Slot whose answer `positions` holds: records of one kind follow one another. */
  #answered = NO_SLOT;

  /** @returns how many distinct keys there are, the length of the answer */
  sort(dictionary: ByteDictionary, keys: Int32Array, count: number): number {
    if (count === 0) return 0;
    if (count > CACHED_KEYS_MAX) {
      this.#answered = NO_SLOT;
      return this.#sortNow(dictionary, keys, count);
    }
    if (this.#remembers(this.#answered, keys, count)) return this.#uniqueCounts[this.#answered] as number;
    let hash = count;
    for (let i = 0; i < count; i++) hash = (Math.imul(hash, 31) + (keys[i] as number)) | 0;
    const slot = (hash ^ (hash >>> 8)) & (SLOTS - 1);
    if (!this.#remembers(slot, keys, count)) this.#remember(slot, dictionary, keys, count);
    const base = slot * CACHED_KEYS_MAX;
    const unique = this.#uniqueCounts[slot] as number;
    for (let i = 0; i < unique; i++) this.positions[i] = this.#orders[base + i] as number;
    this.#answered = slot;
    return unique;
  }

  /** When indexes of the dictionary have changed their meaning. */
  forget(): void {
    this.#counts.fill(0);
    if (this.positions.length > POSITIONS_KEPT_MAX) this.positions = new Int32Array(CACHED_KEYS_MAX);
  }

  #remembers(slot: number, keys: Int32Array, count: number): boolean {
    if (this.#counts[slot] !== count) return false;
    const base = slot * CACHED_KEYS_MAX;
    for (let i = 0; i < count; i++) if (this.#keys[base + i] !== keys[i]) return false;
    return true;
  }

  #remember(slot: number, dictionary: ByteDictionary, keys: Int32Array, count: number): void {
    if (this.#keys.length === 0) {
      this.#keys = new Int32Array(SLOTS * CACHED_KEYS_MAX);
      this.#orders = new Int32Array(SLOTS * CACHED_KEYS_MAX);
    }
    const unique = this.#sortNow(dictionary, keys, count);
    const base = slot * CACHED_KEYS_MAX;
    this.#counts[slot] = count;
    this.#uniqueCounts[slot] = unique;
    this.#keys.set(keys.subarray(0, count), base);
    this.#orders.set(this.positions.subarray(0, unique), base);
  }

  #sortNow(dictionary: ByteDictionary, keys: Int32Array, count: number): number {
    const key = (position: number): number => keys[position] as number;
    const sorted = Array.from({ length: count }, (_, position) => position).sort(
      (a, b) => (key(a) === key(b) ? 0 : dictionary.compare(key(a), key(b))) || a - b,
    );
    const distinct = sorted.filter(
      (position, i) => i === 0 || key(position) !== key(sorted[i - 1] as number),
    );
    if (distinct.length > this.positions.length) this.positions = new Int32Array(distinct.length * 2);
    this.positions.set(distinct);
    return distinct.length;
  }
}
