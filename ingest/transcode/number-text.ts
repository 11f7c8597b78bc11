import { ShortestDecimal } from './shortest-decimal.ts';

/** Room for the longest integer or double as text. */
const TEXT_BYTES_MAX = 32;
const ZERO = 48;
const MINUS = 45;
const POINT = 46;
/** Below, thousandths are 31-bit integers. */
const THOUSANDTHS_MAX = 2_000_000;
/** Where decimals are spelt: five zeros, "0." and a sign fit before, 17 digits behind. */
const DIGITS_AT = 8;
/** Two decimal digits, as they lie in memory. */
const PAIRS = Uint16Array.from({ length: 100 }, (_, i) => ((48 + (i % 10)) << 8) | (48 + Math.floor(i / 10)));

const shortest = new ShortestDecimal();

/** Numbers as JSON spells them, digit by digit into `bytes` from `start`; no string is made. */
export class NumberText {
  readonly bytes = new Uint8Array(TEXT_BYTES_MAX);
  readonly view = new DataView(this.bytes.buffer);
  start = 0;
  byteCount = 0;

  /** An Int64 from its halves. */
  setInt64(low: number, high: number): void {
    if (high === low >> 31) this.#setInteger(Math.abs(low), low < 0);
    else {
      const value = high * 2 ** 32 + (low >>> 0);
      if (Number.isSafeInteger(value)) this.#setInteger(Math.abs(value), value < 0);
      else this.#setAscii(((BigInt(high) << 32n) | BigInt(low >>> 0)).toString());
    }
  }

  /** A double in its shortest form; `NaN`, `Infinity` and `-Infinity` by name. */
  setDouble(value: number): void {
    const magnitude = Math.abs(value);
    const plain = magnitude < 1e12 && (magnitude >= 1e-6 || value === 0);
    if (plain && Math.floor(magnitude) === magnitude) this.#setInteger(magnitude, value < 0);
    else if (magnitude < THOUSANDTHS_MAX && this.#setThousandths(magnitude, value < 0)) return;
    else if (plain && shortest.set(magnitude)) this.#setDecimal(value < 0);
    else this.#setAscii(String(value));
  }

  /**
   * Most doubles that people write have no more than three decimals. The double next to n / 1000 is what that
   * division gives, and no other decimal of up to 15 digits gives it too, so this one is the shortest.
   */
  #setThousandths(magnitude: number, negative: boolean): boolean {
    const thousandths = Math.round(magnitude * 1_000);
    if (thousandths / 1_000 !== magnitude) return false;
    const whole = (thousandths / 1_000) | 0;
    let fraction = (thousandths - whole * 1_000) | 0;
    let places = 3;
    for (; fraction % 10 === 0; places--) fraction = (fraction / 10) | 0;
    let at = TEXT_BYTES_MAX;
    for (; places > 0; places--) {
      const tenth = (fraction / 10) | 0;
      this.bytes[--at] = ZERO + fraction - tenth * 10;
      fraction = tenth;
    }
    this.bytes[--at] = POINT;
    this.#finish(this.#digits(whole, at), negative);
    return true;
  }

  /** Seventeen digits without the zeros behind, and the point before the last `scale` of them. */
  #setDecimal(negative: boolean): void {
    const { bytes } = this;
    const { high, low, scale } = shortest;
    const first = (high / 100_000_000) | 0;
    bytes[DIGITS_AT] = ZERO + first;
    this.#eightDigits(high - first * 100_000_000, DIGITS_AT + 1);
    this.#eightDigits(low, DIGITS_AT + 9);
    let end = DIGITS_AT + 17;
    while (bytes[end - 1] === ZERO) end--;
    let start = DIGITS_AT;
    const whole = 17 - scale;
    if (whole > 0) {
      start--;
      for (let i = start; i < start + whole; i++) bytes[i] = bytes[i + 1] as number;
      bytes[start + whole] = POINT;
    } else {
      for (let zeros = whole; zeros < 0; zeros++) bytes[--start] = ZERO;
      bytes[--start] = POINT;
      bytes[--start] = ZERO;
    }
    if (negative) bytes[--start] = MINUS;
    this.start = start;
    this.byteCount = end - start;
  }

  #eightDigits(value: number, at: number): void {
    const left = (value / 10_000) | 0;
    const right = value - left * 10_000;
    const leftTop = (left / 100) | 0;
    const rightTop = (right / 100) | 0;
    this.view.setUint16(at, PAIRS[leftTop] as number, true);
    this.view.setUint16(at + 2, PAIRS[left - leftTop * 100] as number, true);
    this.view.setUint16(at + 4, PAIRS[rightTop] as number, true);
    this.view.setUint16(at + 6, PAIRS[right - rightTop * 100] as number, true);
  }

  #setInteger(magnitude: number, negative: boolean): void {
    this.#finish(this.#digits(magnitude, TEXT_BYTES_MAX), negative);
  }

  #digits(magnitude: number, end: number): number {
    let at = end;
    let rest = magnitude;
    // Doubles only while they must be: integer division is several times cheaper.
    while (rest > 0x7fffffff) {
      const tenth = Math.floor(rest / 10);
      this.bytes[--at] = ZERO + (rest - tenth * 10);
      rest = tenth;
    }
    let small = rest | 0;
    do {
      const tenth = (small / 10) | 0;
      this.bytes[--at] = ZERO + small - tenth * 10;
      small = tenth;
    } while (small > 0);
    return at;
  }

  #finish(at: number, negative: boolean): void {
    this.start = at;
    if (negative) this.bytes[--this.start] = MINUS;
    this.byteCount = TEXT_BYTES_MAX - this.start;
  }

  #setAscii(text: string): void {
    this.start = 0;
    this.byteCount = text.length;
    for (let i = 0; i < text.length; i++) this.bytes[i] = text.charCodeAt(i);
  }
}
