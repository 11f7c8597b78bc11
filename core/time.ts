/** Up to the point before the milliseconds, by second: times that are told lie close together, and a decision tells several. */
const texts = new Map<number, string>();
const TEXTS_MAX = 1_000;
const MILLISECONDS = Array.from({ length: 1_000 }, (_, ms) => `${String(ms).padStart(3, '0')}Z`);

/** RFC 3339 with milliseconds, UTC: the one way times leave the house. @throws RangeError for what is no time */
export function rfc3339(timeMs: number): string {
  const second = Math.floor(timeMs / 1_000);
  const end = MILLISECONDS[timeMs - 1_000 * second];
  // Of parts of a millisecond the platform knows what becomes.
  if (end === undefined) return new Date(timeMs).toISOString();
  const known = texts.get(second);
  if (known !== undefined) return known + end;
  const text = new Date(timeMs).toISOString();
  if (texts.size >= TEXTS_MAX) texts.clear();
  texts.set(second, text.slice(0, -end.length));
  return text;
}

/** `250ms`, `15s`, `10m`, `2h`, `7d` to milliseconds; null when the text is not a duration. */
export function parseDurationMs(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  if (match === null) return null;
  const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] as 'ms'];
  return Number(match[1]) * unitMs;
}
