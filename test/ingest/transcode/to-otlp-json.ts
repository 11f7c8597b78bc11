const IDS = new Set(['traceId', 'spanId', 'parentSpanId']);

/** How a client may spell one and the same request. */
export interface JsonStyle {
  /** 64-bit integers as bare literals, else as strings. */
  readonly bareIntegers?: boolean | undefined;
  readonly upperCaseIds?: boolean | undefined;
  readonly reversedMembers?: boolean | undefined;
  readonly nullsForAbsent?: boolean | undefined;
  readonly urlSafeBase64?: boolean | undefined;
}

/** A request in OTLP/JSON, spelt by hand: `JSON.stringify` knows neither bigints nor NaN. */
export function toOtlpJson(request: object, style: JsonStyle = {}): string {
  return spell(request, '', style);
}

function spell(value: unknown, name: string, style: JsonStyle): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'bigint') return style.bareIntegers === true ? `${value}` : `"${value}"`;
  if (typeof value === 'number') return spellNumber(value);
  if (value instanceof Uint8Array) return JSON.stringify(spellBytes(value, name, style));
  if (Array.isArray(value)) return `[${value.map((item) => spell(item, name, style)).join(' , ')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value).filter(
    ([, item]) => item !== undefined || style.nullsForAbsent === true,
  );
  if (style.reversedMembers === true) members.reverse();
  return `{${members.map(([key, item]) => `"${key}": ${spell(item, key, style)}`).join(',\n')}}`;
}

function spellNumber(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? '-0' : String(value);
}

function spellBytes(bytes: Uint8Array, name: string, style: JsonStyle): string {
  if (!IDS.has(name))
    return Buffer.from(bytes).toString(style.urlSafeBase64 === true ? 'base64url' : 'base64');
  const hex = Buffer.from(bytes).toString('hex');
  return style.upperCaseIds === true ? hex.toUpperCase() : hex;
}
