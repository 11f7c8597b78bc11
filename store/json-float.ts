/** A Float64 in ClickHouse's JSON: JSON has no NaN and no infinity, and would make a silent null of them. */
export type JsonFloat = number | 'nan' | 'inf' | '-inf';

const NAMES = new Map<string, number>([
  ['nan', Number.NaN],
  ['-nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
]);

export function toJsonFloat(value: number): JsonFloat {
  if (Number.isNaN(value)) return 'nan';
  if (Number.isFinite(value)) return value;
  return value > 0 ? 'inf' : '-inf';
}

export function fromJsonFloat(value: JsonFloat): number {
  return typeof value === 'number' ? value : (NAMES.get(value) ?? Number.NaN);
}

/** Null and NaN both mean unknown; they are stored as null. */
export function toNullableJsonFloat(value: number | null): JsonFloat | null {
  return value === null || Number.isNaN(value) ? null : toJsonFloat(value);
}

export function fromNullableJsonFloat(value: JsonFloat | null): number | null {
  return value === null ? null : fromJsonFloat(value);
}
