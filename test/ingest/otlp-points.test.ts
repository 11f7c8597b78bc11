import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const POINTS = Array.from({ length: 80 }, (_, index) => index + 1);

/**
 * A test of a point of the conformance checklist has its number at the head of its name: `it('12: ...'`, or of
 * its row in a table of `it.each`; several as in `'1, 3, 21-23: ...'`. The name of a `describe` does not count.
 */
const NAME = /(?:\bit\(|\)\(|\[)\s*['`](\d+(?:-\d+)?(?:, \d+(?:-\d+)?)*): /g;
const DESCRIBE = /\bdescribe(\.each\(\w+\))?\(/g;

function pointsOf(source: string): number[] {
  return [...source.replaceAll(DESCRIBE, '').matchAll(NAME)].flatMap(([, numbers = '']) =>
    numbers.split(', ').flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return POINTS.filter((point) => point >= first && point <= last);
    }),
  );
}

it('reads the points of a test from its name', () => {
  const source = `describe.each(AB)('1: a', () => { it('2, 4-6: b'); it.each([['7: c'], [8]])('9: %s'); it('x 10: d'); });`;
  expect(pointsOf(source)).toEqual([2, 4, 5, 6, 7, 9]);
});

it('every point of the OTLP checklist is proved by a test that bears its number', () => {
  const folder = join(import.meta.dirname, '..');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.test.ts') && join(folder, file) !== import.meta.filename,
  );
  const proved = new Set(files.flatMap((file) => pointsOf(readFileSync(join(folder, file), 'utf8'))));
  expect(proved.size).toBeGreaterThan(0);
  expect(POINTS.filter((point) => !proved.has(point))).toEqual([]);
});
