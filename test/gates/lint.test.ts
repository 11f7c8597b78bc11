import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lintConstraints } from '../../gates/constraints/lint.ts';

const root = join(import.meta.dirname, '..', '..');
const fixtures = join(import.meta.dirname, 'fixtures');
const NOW_MS = Date.parse('2026-11-24T00:00:00Z');

/** Each fixture says in its first line where and how it is broken: `# expect: line:column message | hint`. */
function expectation(text: string): { at: string; message: string; hint: string } {
  const match = /^# expect: (\d+:\d+) (.*) \| (.*)\n/.exec(text) as RegExpExecArray;
  return { at: match[1] as string, message: match[2] as string, hint: match[3] as string };
}

const files = readdirSync(fixtures).sort();

describe('lintConstraints', () => {
  it('has fixtures to look at', () => {
    expect(files.length).toBeGreaterThan(35);
  });

  it.each(files)('%s: one problem, at its line and column, with a hint', (file) => {
    const text = readFileSync(join(fixtures, file), 'utf8');
    const { at, message, hint } = expectation(text);
    const { set, problems } = lintConstraints(text, file, NOW_MS);
    expect(problems.map(({ line, column }) => `${line}:${column}`)).toEqual([at]);
    expect(problems[0]?.file).toBe(file);
    expect(problems[0]?.message).toContain(message);
    expect(problems[0]?.hint).toContain(hint);
    expect(problems[0]?.severity).toBe(file.startsWith('warn-') ? 'warning' : 'error');
    expect(set === null).toBe(!file.startsWith('warn-'));
  });

  it.each(['deploy/constraints/checkout.yaml', 'demo/constraints.yaml'])(
    'finds nothing wrong with %s',
    (name) => {
      const { set, problems } = lintConstraints(readFileSync(join(root, name), 'utf8'), name, NOW_MS);
      expect(problems).toEqual([]);
      expect(set?.metadata.name).toBe('checkout');
      expect(set?.origin.revision).toMatch(/^[0-9a-f]{12}$/);
    },
  );

  it('names every problem of a file at once, from top to bottom', () => {
    const text =
      'apiVersion: constraints/v1alpha1\nkind: X\nmetadata: {name: a}\nscope: {service: a, zone: b}\n';
    const { problems } = lintConstraints(text, 'a.yaml', NOW_MS);
    expect(problems.map(({ line }) => line)).toEqual([2, 3, 4]);
  });

  it('never throws, whatever the text', () => {
    const words = fc.constantFrom(
      'apiVersion',
      ': ',
      '\n',
      '- ',
      '{',
      '}',
      '[',
      '*a',
      '&a ',
      '  ',
      '"',
      '!!',
      '|',
      '---\n',
      '0.5',
      'scope',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(words, { maxLength: 30 }).map((parts) => parts.join('')),
    );
    const property = fc.property(text, (source) => {
      const { set, problems } = lintConstraints(source, 'x.yaml', NOW_MS);
      expect(set).toBeNull();
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.every(({ line, column, hint }) => line >= 1 && column >= 1 && hint !== '')).toBe(true);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
