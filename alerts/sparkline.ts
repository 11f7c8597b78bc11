const BLOCKS = '▁▂▃▄▅▆▇█';
const UNKNOWN = '·';
/** Fits beside a label on a phone and in a chat message. */
const WIDTH_MAX = 60;

/**
 * A series as one line of text, oldest first, lowest value `▁`, highest `█`, unknown (null, NaN) `·`; a flat
 * series is drawn at half height. Longer series are averaged down to 60 marks; a mark is unknown when any of
 * its values is: averaging must not hide a gap.
 */
export function sparkline(values: readonly (number | null)[]): string {
  const marks = shrink(values);
  const known = marks.filter((mark) => mark !== null);
  const lowest = Math.min(...known);
  const spread = Math.max(...known) - lowest;
  return marks.map((mark) => (mark === null ? UNKNOWN : block(mark, lowest, spread))).join('');
}

function block(value: number, lowest: number, spread: number): string {
  const level = spread === 0 ? BLOCKS.length / 2 - 1 : Math.round(((value - lowest) / spread) * 7);
  return BLOCKS[level] as string;
}

function shrink(values: readonly (number | null)[]): (number | null)[] {
  const perMark = Math.ceil(values.length / WIDTH_MAX);
  const marks: (number | null)[] = [];
  for (let start = 0; start < values.length; start += perMark) {
    marks.push(mean(values.slice(start, start + perMark)));
  }
  return marks;
}

function mean(values: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) return null;
    sum += value / values.length;
  }
  return sum;
}
