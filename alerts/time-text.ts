/** `2026-11-23 14:02:10 UTC`: a report is read in several time zones. */
export function timeText(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** `45 s`, `12 min`, `2 h 5 min`, `3 d 4 h`: the two largest units, whole seconds; `0 s` below one. */
export function durationText(durationMs: number): string {
  const parts: string[] = [];
  let restMs = Math.max(0, durationMs);
  for (const [unit, unitMs] of UNITS) {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    if (count > 0 && parts.length < 2) parts.push(`${count} ${unit}`);
    // `1 h 0 min 12 s` would be three units to say an hour.
    else if (parts.length > 0) break;
  }
  return parts.length === 0 ? '0 s' : parts.join(' ');
}
