import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { foldStream } from '../../eval/sampling/fold-stream.ts';
import { judgeStream, worstLetters } from '../../eval/sampling/judge-stream.ts';
import type { SamplingStream } from '../../eval/sampling/sampling-stream.ts';
import { drawFrom } from '../../eval/traffic/draw.ts';
import { SAMPLING_POLICY } from '../../validators/sampling/sampling-check.ts';
import { hex, streamOf } from './stream-of.ts';
import { FAULTY_SHAPES, type NamedShape, SOUND_SHAPES } from './stream-shapes.ts';

const POLICY = { ...SAMPLING_POLICY, tolerance: 0 };

function draw({ name, of }: NamedShape, scale: number, seed: number): SamplingStream {
  return streamOf(name, of(scale), drawFrom(seed));
}

function letters(stream: SamplingStream): string {
  const checks = judgeStream(stream, { slowMs: 500, isSamePopulation: true }, POLICY);
  return Object.values(worstLetters([...checks.values()])).join('');
}

describe('streams of span headers', () => {
  it.each([...SOUND_SHAPES, ...FAULTY_SHAPES])('with many spans: $name', (shape) => {
    expect(letters(draw(shape, 100, 1))).toBe(shape.expect);
  });

  it.each(SOUND_SHAPES)('with few spans never fail: $name', (shape) => {
    const seen = [1, 3].flatMap((scale) => [1, 2, 3, 4].map((seed) => letters(draw(shape, scale, seed))));
    expect(seen.filter((text) => text.includes('F'))).toEqual([]);
  });

  it.each(FAULTY_SHAPES)('with few spans never pass what is wrong: $name', (shape) => {
    const seen = [1, 3, 10].map((scale) => letters(draw(shape, scale, 1)));
    const passed = seen.filter((text) =>
      [...text].some((letter, at) => letter === 'P' && shape.expect[at] !== 'P'),
    );
    expect(passed).toEqual([]);
  });

  it('counts a span once, whatever arrived twice, and only local roots', () => {
    const stream = draw(SOUND_SHAPES[2] as NamedShape, 3, 1);
    const [first] = stream.spans;
    const inner = { ...first, spanId: 'aaaaaaaaaaaaaaaa', parentSpanId: first?.spanId ?? '', flags: 0x101 };
    const twice = {
      ...stream,
      spans: [...stream.spans, ...stream.spans, inner as (typeof stream.spans)[number]],
    };
    const roots = (of: SamplingStream) =>
      [...foldStream(of, 500).values()].map(({ windows }) =>
        windows.reduce((sum, row) => sum + row.roots, 0),
      );
    expect(roots(stream).reduce((sum, count) => sum + count, 0)).toBe(stream.spans.length);
    expect(roots(twice)).toEqual(roots(stream));
    expect(letters(twice)).toBe(letters(stream));
  });
});

describe('eval sampling-streams', () => {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-streams-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  const run = (...args: string[]) =>
    spawnSync(
      process.execPath,
      [join(import.meta.dirname, '../../eval/eval.ts'), 'sampling-streams', ...args],
      {
        encoding: 'utf8',
      },
    );

  it('prints the worst letter of each check of each stream, and does not look at a manifest', () => {
    const stream = draw(FAULTY_SHAPES[0] as NamedShape, 20, 1);
    const lines = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join('\n');
    const name = `s-${hex(drawFrom(1), 6)}`;
    writeFileSync(join(dir, `${name}.spans.jsonl`), lines(stream.spans));
    writeFileSync(join(dir, `${name}.counters.jsonl`), lines(stream.counters));
    writeFileSync(join(dir, 'manifest.json'), 'not JSON');
    const { status, stdout } = run(dir);
    expect(status).toBe(0);
    const printed = JSON.parse(stdout) as Record<string, Record<string, string>>;
    expect(Object.values(printed[name] ?? {}).join('')).toBe(letters(stream));
    expect(Object.keys(printed)).toEqual([name]);
  });

  it.each([
    [[join(tmpdir(), 'no-such-streams')], 'cannot be read'],
    [[dir, '--slow-ms', '300'], 'It takes one of'],
    [[dir, '--alpha', '2'], 'from 0 to 1'],
  ])('%j says what is wrong', (args, text) => {
    const { status, stderr } = run(...args);
    expect(stderr).toContain(text);
    expect(status).not.toBe(0);
  });
});
