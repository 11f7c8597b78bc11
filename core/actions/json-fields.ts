/** A value of unknown shape, where it is an object. */
export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** Empty where it is no text. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** null where it is no number; texts that are one count, for some pipelines make texts of all. */
export function numberOf(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

/** Of what is no JSON object, an empty one. */
export function parseFields(text: string): Fields {
  if (!text.startsWith('{')) return {};
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return {};
  }
}
