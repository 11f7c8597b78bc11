/** Milliseconds to the text of a DateTime64(3, 'UTC') column. @throws RangeError when no date has that number */
export function toClickhouseTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('T', ' ').replace('Z', '');
}

/** Text of a DateTime64(3, 'UTC') column to milliseconds. */
export function fromClickhouseTime(text: string): number {
  return Date.parse(`${text.replace(' ', 'T')}Z`);
}
