/** Trace id of 32 hex digits; the last 14 are as random as consistent sampling needs them. */
export function traceIdText(id: number): string {
  const random = `${hex(mix(id), 8)}${hex(mix(id + 0.5 * 2 ** 31), 8)}`.slice(2);
  return `${hex(id, 18)}${random}`;
}

/** Span id of 16 hex digits; empty for 0, no span. */
export function spanIdText(id: number): string {
  return id === 0 ? '' : hex(id, 16);
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** Spreads neighbouring numbers over 32 bits (the finaliser of MurmurHash3). */
function mix(value: number): number {
  let h = (value % 2 ** 32) ^ Math.floor(value / 2 ** 32);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
