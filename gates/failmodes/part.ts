export type Path = readonly (string | number)[];

function member(value: unknown, key: string | number): unknown {
  // Own members only: a manifest may be called __proto__.
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string | number, unknown>)[key];
}

/** A part of a manifest, written or not, that knows where it stands; every reading of it copes with any value. */
export class Part {
  readonly value: unknown;
  readonly path: Path;

  constructor(value: unknown, path: Path = []) {
    this.value = value;
    this.path = path;
  }

  at(...keys: Path): Part {
    return new Part(keys.reduce(member, this.value), [...this.path, ...keys]);
  }

  /** The parts of a list; none when it is no list. */
  get items(): Part[] {
    return Array.isArray(this.value)
      ? this.value.map((item, index) => new Part(item, [...this.path, index]))
      : [];
  }

  get texts(): string[] {
    return this.items.flatMap(({ text }) => text ?? []);
  }

  /** The members of a map; none when it is no map. */
  get members(): [string, Part][] {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) return [];
    return Object.entries(this.value).map(([key, value]) => [key, new Part(value, [...this.path, key])]);
  }

  get isWritten(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  get text(): string | null {
    return typeof this.value === 'string' ? this.value : null;
  }

  /** A number, or a text that is one: KEDA writes its numbers in quotes. */
  get number(): number | null {
    const { value } = this;
    if (typeof value === 'string') return /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : null;
    return typeof value === 'number' && Number.isFinite(value) ? value : null;
  }

  /** `"40%"` is 40. */
  get percent(): number | null {
    const match = this.text === null ? null : /^\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(this.text);
    return match === null ? null : Number(match[1]);
  }

  /** What Go's ParseBool and YAML 1.1 take for a truth value. */
  get flag(): boolean | null {
    const word = String(this.value).toLowerCase();
    if (['true', 't', '1', 'yes', 'on'].includes(word)) return true;
    return ['false', 'f', '0', 'no', 'off'].includes(word) ? false : null;
  }

  /** A duration as Go writes it (`1h30m`), in milliseconds. */
  get durationMs(): number | null {
    const { text } = this;
    if (text === null || !/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return null;
    const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
    return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)].reduce(
      (sum, [, count, unit]) => sum + Number(count) * (unitMs[unit as string] as number),
      0,
    );
  }
}
