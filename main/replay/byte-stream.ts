const LINE_END = 0x0a;

/** Bytes that come in pieces, taken as lines or by number; only what is not yet taken is held. */
export class ByteStream {
  readonly #pieces: AsyncIterator<Buffer>;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #ended = false;
  /** Bytes taken so far. */
  position = 0;

  constructor(pieces: AsyncIterable<Buffer>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** Up to `byteCount` bytes from here, left where they are; fewer at the end. */
  async peek(byteCount: number): Promise<Buffer> {
    while (this.#heldBytes < byteCount && (await this.#more()));
    return this.#joined().subarray(0, byteCount);
  }

  /** Exactly so many bytes, or the fewer that are left. */
  async take(byteCount: number): Promise<Buffer> {
    while (this.#heldBytes < byteCount && (await this.#more()));
    return this.#cut(Math.min(byteCount, this.#heldBytes));
  }

  /** Steps over bytes without holding them; returns how many there were. */
  async skip(byteCount: number): Promise<number> {
    let left = byteCount;
    while (left > 0 && (this.#heldBytes > 0 || (await this.#more()))) {
      left -= this.#cut(Math.min(left, this.#heldBytes)).length;
    }
    return byteCount - left;
  }

  /**
   * The next line without its end.
   * @returns null at the end; `bytes` is null of a line longer than `bytesMax`, which is stepped over
   */
  async line(bytesMax: number): Promise<{ readonly bytes: Buffer | null } | null> {
    if (this.#heldBytes === 0 && !(await this.#more())) return null;
    let searched = 0; // pieces without an end of line
    let before = 0; // bytes in those
    for (let isLong = false; ; ) {
      const piece = this.#held[searched];
      const at = piece?.indexOf(LINE_END) ?? -1;
      if (at >= 0) {
        const line = this.#cut(before + at + 1).subarray(0, -1);
        return { bytes: isLong ? null : line };
      }
      if (piece !== undefined) {
        before += piece.length;
        searched++;
      }
      if (before > bytesMax) {
        isLong = true;
        this.#cut(before);
        searched = 0;
        before = 0;
      }
      if (searched === this.#held.length && !(await this.#more()))
        return { bytes: isLong ? null : this.#cut(before) };
    }
  }

  async #more(): Promise<boolean> {
    if (this.#ended) return false;
    const { done, value } = await this.#pieces.next();
    if (done === true) {
      this.#ended = true;
      return false;
    }
    if (value.length > 0) {
      this.#held.push(value);
      this.#heldBytes += value.length;
    }
    return true;
  }

  #joined(): Buffer {
    if (this.#held.length !== 1) this.#held = [Buffer.concat(this.#held)];
    return this.#held[0] as Buffer;
  }

  #cut(byteCount: number): Buffer {
    this.position += byteCount;
    this.#heldBytes -= byteCount;
    const [first] = this.#held;
    if (first !== undefined && first.length > byteCount) {
      this.#held[0] = first.subarray(byteCount);
      return first.subarray(0, byteCount);
    }
    const taken: Buffer[] = [];
    for (let left = byteCount; left > 0; ) {
      const piece = this.#held[0] as Buffer;
      if (piece.length <= left) this.#held.shift();
      else this.#held[0] = piece.subarray(left);
      taken.push(piece.subarray(0, left));
      left -= Math.min(left, piece.length);
    }
    return taken.length === 1 ? (taken[0] as Buffer) : Buffer.concat(taken);
  }
}
