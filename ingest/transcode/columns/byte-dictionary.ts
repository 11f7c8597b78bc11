import { randomInt } from 'node:crypto';
import { ATTRIBUTE_WIDTH, type AttributeList } from '../attribute-list.ts';
import { type ByteSource, GrowingBytes, sameWords } from './growing-bytes.ts';
import { repairUtf8 } from './repair-utf8.ts';

/**
 * Seed of the hash, so that nobody can prepare keys that collide. It moves slots only: a key's index is the
 * order of its arrival, so the same bodies make the same chunks in every process.
 */
const HASH_SEED = randomInt(2 ** 31);

const NO_KEY = -1;

/**
 * Distinct texts in the order of their arrival, looked up by their bytes: no string is made. Keys lie as
 * Native writes them, so a finished dictionary is one copy.
 */
export class ByteDictionary {
  readonly #keys = new GrowingBytes();
  #starts = new Int32Array(64);
  #lengths = new Int32Array(64);
  #hashes = new Int32Array(64);
  /** Index of the key that last followed a key: records of one kind carry their keys in one order. */
  #followers = new Int32Array(64).fill(NO_KEY);
  #slots = new Int32Array(128);
  #count = 0;
  #markedCount = 0;

  get count(): number {
    return this.#count;
  }

  get byteCount(): number {
    return this.#keys.length;
  }

  /** Native form: every key with its length before it. */
  get encodedKeys(): Uint8Array {
    return this.#keys.filled();
  }

  /**
   * Index of a text, which is added if it is new. `previous` is the index looked up before it, or -1: the
   * guess that follows from it is right most of the time, and one comparison is cheaper than a hash.
   * @returns the index, or its bitwise complement when the text was not UTF-8 and had to be repaired
   */
  indexAfter(previous: number, source: ByteSource, at: number, byteCount: number): number {
    const guess = this.#followers[previous + 1] as number;
    if (guess !== NO_KEY && this.#equals(guess, source, at, byteCount)) return guess;
    return this.#learn(previous, source, at, byteCount);
  }

  #learn(previous: number, source: ByteSource, at: number, byteCount: number): number {
    const index = this.indexOf(source, at, byteCount);
    if (index >= 0) this.#followers[previous + 1] = index;
    return index;
  }

  /**
   * Looks up the keys of the attributes `from` to `to` of a list, one after the other, into `indexes`. Once per
   * attribute: 15 ns when the guesses are right.
   * @returns whether all of them were UTF-8
   */
  lookUpKeys(
    source: ByteSource,
    list: AttributeList,
    from: number,
    to: number,
    indexes: Int32Array,
  ): boolean {
    const { entries } = list;
    const theirs = source.view;
    // What learning a key may replace is kept in locals meanwhile.
    let followers = this.#followers;
    let lengths = this.#lengths;
    let starts = this.#starts;
    let { view } = this.#keys;
    let valid = true;
    let previous = -1;
    for (let i = from; i < to; i++) {
      const keyAt = entries[i * ATTRIBUTE_WIDTH] as number;
      const keyBytes = entries[i * ATTRIBUTE_WIDTH + 1] as number;
      const guess = followers[previous + 1] as number;
      const right =
        guess !== NO_KEY &&
        lengths[guess] === keyBytes &&
        sameWords(view, starts[guess] as number, theirs, keyAt, keyBytes);
      if (right) previous = guess;
      else {
        const found = this.#learn(previous, source, keyAt, keyBytes);
        if (found < 0) valid = false;
        previous = found < 0 ? ~found : found;
        followers = this.#followers;
        lengths = this.#lengths;
        starts = this.#starts;
        view = this.#keys.view;
      }
      indexes[i - from] = previous;
    }
    return valid;
  }

  /** As `indexAfter`, without a guess. */
  indexOf(source: ByteSource, at: number, byteCount: number): number {
    const hash = hashBytes(source, at, byteCount);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const index = (this.#slots[slot] as number) - 1;
      if (index < 0) break;
      if (this.#hashes[index] === hash && this.#equals(index, source, at, byteCount)) return index;
      slot = (slot + 1) & mask;
    }
    return this.#add(source, at, byteCount, hash, slot);
  }

  /** Order of two keys by their bytes: < 0, 0 or > 0. */
  compare(left: number, right: number): number {
    const { bytes } = this.#keys;
    const leftStart = this.#starts[left] as number;
    const rightStart = this.#starts[right] as number;
    const leftLength = this.#lengths[left] as number;
    const rightLength = this.#lengths[right] as number;
    const common = Math.min(leftLength, rightLength);
    for (let i = 0; i < common; i++) {
      const difference = (bytes[leftStart + i] as number) - (bytes[rightStart + i] as number);
      if (difference !== 0) return difference;
    }
    return leftLength - rightLength;
  }

  mark(): void {
    this.#keys.mark();
    this.#markedCount = this.#count;
  }

  /** Forgets the keys since `mark`; newest first, which undoes open addressing exactly. */
  rollback(): void {
    const mask = this.#slots.length - 1;
    while (this.#count > this.#markedCount) {
      let slot = (this.#hashes[this.#count - 1] as number) & mask;
      while (this.#slots[slot] !== this.#count) slot = (slot + 1) & mask;
      this.#slots[slot] = 0;
      this.#count--;
    }
    this.#keys.rollback();
    this.#followers.fill(NO_KEY);
  }

  reset(): void {
    this.#keys.reset();
    if (this.#starts.length > 16_384) this.#resize(64);
    this.#slots.fill(0);
    this.#followers.fill(NO_KEY);
    this.#count = 0;
    this.#markedCount = 0;
  }

  #equals(index: number, source: ByteSource, at: number, byteCount: number): boolean {
    if (this.#lengths[index] !== byteCount) return false;
    return sameWords(this.#keys.view, this.#starts[index] as number, source.view, at, byteCount);
  }

  #add(source: ByteSource, at: number, byteCount: number, hash: number, slot: number): number {
    const start = this.#keys.length;
    this.#keys.varint(byteCount);
    const contentStart = this.#keys.length;
    if (!this.#keys.copyText(source, at, byteCount)) {
      const repaired = repairUtf8(source.bytes.subarray(at, at + byteCount));
      if (repaired !== null) {
        this.#keys.length = start;
        const view = new DataView(repaired.buffer, repaired.byteOffset, repaired.byteLength);
        return ~this.indexOf({ bytes: repaired, view }, 0, repaired.length);
      }
    }
    const index = this.#count++;
    this.#slots[slot] = index + 1;
    if (index + 2 >= this.#starts.length) this.#resize(this.#starts.length * 2);
    this.#starts[index] = contentStart;
    this.#lengths[index] = byteCount;
    this.#hashes[index] = hash;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    return index;
  }

  #resize(capacity: number): void {
    const kept = Math.min(capacity, this.#starts.length);
    const grow = (old: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
      const grown = new Int32Array(capacity);
      grown.set(old.subarray(0, kept));
      return grown;
    };
    const { length } = this.#followers;
    this.#starts = grow(this.#starts);
    this.#lengths = grow(this.#lengths);
    this.#hashes = grow(this.#hashes);
    this.#followers = grow(this.#followers);
    if (capacity > length) this.#followers.fill(NO_KEY, length);
    if (capacity < length) this.#slots = new Int32Array(capacity * 2);
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let index = 0; index < this.#count; index++) {
      let slot = (this.#hashes[index] as number) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = index + 1;
    }
  }
}

function hashBytes(source: ByteSource, at: number, byteCount: number): number {
  let hash = HASH_SEED ^ byteCount;
  const words = byteCount & ~3;
  for (let i = 0; i < words; i += 4) {
    hash = Math.imul(hash ^ source.view.getInt32(at + i, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (let i = words; i < byteCount; i++) {
    hash = Math.imul(hash ^ (source.bytes[at + i] as number), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash ^ (hash >>> 13);
}
