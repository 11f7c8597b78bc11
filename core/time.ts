/** RFC 3339 with milliseconds, UTC: the one way times leave the house. */
export function rfc3339(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** `250ms`, `15s`, `10m`, `2h`, `7d` to milliseconds; null when the text is not a duration. */
export function parseDurationMs(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  if (match === null) return null;
  const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] as 'ms'];
  return Number(match[1]) * unitMs;
}
