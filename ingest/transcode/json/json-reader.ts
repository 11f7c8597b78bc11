import type { PipelineError } from '../../../core/errors.ts';
import { GrowingBytes } from '../columns/growing-bytes.ts';
import { jsonSyntaxError, jsonValueError } from './json-error.ts';

/** OTLP needs about 200 levels for the deepest value it may store; the rest is a guard of the stack. */
const DEPTH_MAX = 1_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ESCAPES: Readonly<Record<number, number>> = {
  [QUOTE]: QUOTE,
  [BACKSLASH]: BACKSLASH,
  47: 0x2f,
  98: 0x08,
  102: 0x0c,
  110: 0x0a,
  114: 0x0d,
  116: 0x09,
};
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
/** The longest double has 324 decimals; what is longer is not a number anybody meant. */
const NUMBER_BYTES_MAX = 400;

export type JsonType = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

/**
 * JSON read in place from bytes, without loss: numbers stay text, since `JSON.parse` rounds integers above 2^53,
 * and text stays bytes, since decoding would hide what is not UTF-8.
 * @throws PipelineError `otlp_malformed`, from every method
 */
export class JsonReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  position = 0;
  /** Where the reader stands in the document, for errors: member names and array indexes. */
  readonly path: (string | number)[] = [];
  readonly #buffer: Buffer;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.position = 3; // byte order mark
  }

  /** Type of the value that follows. */
  type(): JsonType {
    switch (this.#peek()) {
      case 0x7b:
        return 'object';
      case 0x5b:
        return 'array';
      case QUOTE:
        return 'string';
      case 0x74:
      case 0x66:
        return 'boolean';
      case 0x6e:
        return 'null';
      default:
        return 'number';
    }
  }

  /** Calls back for each member, with the reader at its value. */
  object(visit: (name: string) => void): void {
    this.#enter(0x7b);
    for (let first = true; !this.#ends(0x7d, first); first = false) {
      const name = this.text();
      this.#expect(0x3a);
      this.path.push(name);
      visit(name);
      this.path.pop();
    }
  }

  /** Calls back for each element, with the reader at it. */
  array(visit: (index: number) => void): void {
    this.#enter(0x5b);
    for (let index = 0; !this.#ends(0x5d, index === 0); index++) {
      this.path.push(index);
      visit(index);
      this.path.pop();
    }
  }

  /** A string, unescaped, as UTF-8 appended to `into`; bytes that are not UTF-8 stay as they are. */
  string(into: GrowingBytes): void {
    if (this.#peek() !== QUOTE) throw this.syntaxError('a string was expected');
    this.position++;
    for (;;) {
      const from = this.position;
      const end = this.#plainEnd(from);
      into.copyText(this, from, end - from);
      this.position = end;
      const byte = this.bytes[end];
      if (byte === QUOTE) break;
      if (byte !== BACKSLASH) throw this.syntaxError('a string does not end');
      this.#escape(into);
    }
    this.position++;
  }

  /** A string that is expected to be short, as text. */
  text(): string {
    if (this.#peek() !== QUOTE) throw this.syntaxError('a string was expected');
    const from = this.position + 1;
    const end = this.#plainEnd(from);
    if (this.bytes[end] === QUOTE) {
      this.position = end + 1;
      return this.#buffer.toString('utf8', from, end);
    }
    const into = new GrowingBytes(64);
    this.string(into);
    return Buffer.from(into.filled()).toString('utf8');
  }

  /** A number as it is spelt. */
  number(): string {
    this.#peek();
    const from = this.position;
    let end = from;
    while (isNumberByte(this.bytes[end] as number)) end++;
    const text = this.#buffer.toString('latin1', from, Math.min(end, from + NUMBER_BYTES_MAX + 1));
    if (text.length > NUMBER_BYTES_MAX || !NUMBER.test(text)) throw this.syntaxError('a value was expected');
    this.position = end;
    return text;
  }

  boolean(): boolean {
    const value = this.#peek() === 0x74;
    this.#word(value ? 'true' : 'false');
    return value;
  }

  null(): void {
    this.#peek();
    this.#word('null');
  }

  skip(): void {
    const type = this.type();
    if (type === 'object') this.object(() => this.skip());
    else if (type === 'array') this.array(() => this.skip());
    else this[type === 'string' ? 'text' : type]();
  }

  /** Nothing but white space may follow the document. */
  end(): void {
    this.#space();
    if (this.position < this.bytes.length) throw this.syntaxError('something follows the JSON document');
  }

  /** A document that is JSON, but not the request it should be. */
  valueError(what: string): PipelineError {
    return jsonValueError(this.path, what);
  }

  syntaxError(what: string): PipelineError {
    return jsonSyntaxError(this.path, this.position, what);
  }

  #enter(opening: number): void {
    this.#expect(opening);
    if (++this.#depth > DEPTH_MAX) throw this.syntaxError(`more than ${DEPTH_MAX} levels of nesting`);
  }

  /** Whether the container ends here; steps over the end, or over the comma before the next item. */
  #ends(closing: number, first: boolean): boolean {
    const next = this.#peek();
    if (next === closing) {
      this.position++;
      this.#depth--;
      return true;
    }
    if (!first) this.#expect(0x2c);
    return false;
  }

  /** Where a run of characters that mean themselves ends. */
  #plainEnd(from: number): number {
    const { bytes } = this;
    let at = from;
    let byte = bytes[at] as number;
    while (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) byte = bytes[++at] as number;
    return at;
  }

  #escape(into: GrowingBytes): void {
    const letter = this.bytes[this.position + 1] as number;
    const byte = ESCAPES[letter];
    if (letter === 0x75) this.#unicodeEscape(into);
    else if (byte === undefined) throw this.syntaxError('an unknown escape in a string');
    else {
      into.uint8(byte);
      this.position += 2;
    }
  }

  #unicodeEscape(into: GrowingBytes): void {
    const first = this.#codeUnit(this.position);
    this.position += 6;
    const second =
      (first & 0xfc00) === 0xd800 && this.bytes[this.position] === BACKSLASH
        ? this.#codeUnit(this.position)
        : 0;
    const isPair = (second & 0xfc00) === 0xdc00;
    if (isPair) this.position += 6;
    // Half a pair is no character; Buffer writes U+FFFD for it.
    into.copy(Buffer.from(isPair ? String.fromCharCode(first, second) : String.fromCharCode(first)));
  }

  #codeUnit(at: number): number {
    const hex = Buffer.from(this.bytes.subarray(at + 2, at + 6)).toString('latin1');
    if (this.bytes[at + 1] !== 0x75) return 0;
    if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw this.syntaxError('a \\u escape without four hexadecimal digits');
    return Number.parseInt(hex, 16);
  }

  #word(word: string): void {
    for (let i = 0; i < word.length; i++) {
      if (this.bytes[this.position + i] !== word.charCodeAt(i))
        throw this.syntaxError('a value was expected');
    }
    this.position += word.length;
  }

  #expect(byte: number): void {
    if (this.#peek() !== byte) throw this.syntaxError(`"${String.fromCharCode(byte)}" was expected`);
    this.position++;
  }

  #peek(): number {
    this.#space();
    const byte = this.bytes[this.position];
    if (byte === undefined) throw this.syntaxError('the document ends too early');
    return byte;
  }

  #space(): void {
    const { bytes } = this;
    let byte = bytes[this.position];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++this.position];
  }
}

/** Digits, `+`, `-`, `.`, `e` and `E`. */
function isNumberByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2e ||
    byte === 0x2d ||
    (byte | 0x20) === 0x65 ||
    byte === 0x2b
  );
}
