/** What an actor says it saw, as far as it can be read. */
export interface ReadInput {
  readonly signal: string;
  readonly number: number | null;
  readonly observedAtMs: number | null;
  /** What is wrong with its value or its time; null: nothing. */
  readonly fault: string | null;
}

/** Clocks differ by this much; what was observed later than that was not observed. */
const AHEAD_MS_MAX = 5_000;
const NO_VALUE = /^\s*([+-]?(nan|inf|infinity)|null|undefined|none|n\/a|no data|unknown)?\s*$/i;
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

function valueFault(value: unknown): string | null {
  if (typeof value === 'boolean') return null;
  if (typeof value === 'number') return Number.isFinite(value) ? null : `its value ${value} is no number`;
  if (typeof value !== 'string')
    return value === undefined ? 'it has no value' : 'its value is no number, text or boolean';
  return NO_VALUE.test(value) ? `its value "${value.slice(0, 40)}" is none` : null;
}

function observedMs(written: unknown): number | null {
  const timeMs = typeof written === 'string' && RFC3339.test(written) ? Date.parse(written) : Number.NaN;
  return Number.isFinite(timeMs) ? timeMs : null;
}

export function readInput(input: Readonly<Record<string, unknown>>, nowMs: number): ReadInput {
  const { signal, value, observedAt } = input;
  const name = typeof signal === 'string' && signal !== '' ? signal.slice(0, 200) : null;
  const observedAtMs = observedMs(observedAt);
  const isAhead = observedAtMs !== null && observedAtMs - nowMs > AHEAD_MS_MAX;
  const fault =
    (name === null ? 'it names no signal' : null) ??
    valueFault(value) ??
    (observedAtMs === null ? 'observedAt is no RFC 3339 time' : null) ??
    (isAhead ? `observedAt lies ${Math.round((observedAtMs - nowMs) / 1_000)} s ahead of our clock` : null);
  return {
    signal: name ?? '?',
    number: typeof value === 'number' && fault === null ? value : null,
    observedAtMs: isAhead ? null : observedAtMs,
    fault,
  };
}
