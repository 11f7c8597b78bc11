import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { randomFrom } from '../../core/random-from.ts';
import { injectChange } from '../../eval/changepoints/inject-change.ts';
import { simulatedNoise } from '../detectors/changepoints/simulated-noise.ts';

const EVAL = join(import.meta.dirname, '../../eval/eval.ts');
const FOLDER = mkdtempSync(join(tmpdir(), 'series-'));
const DAY = 288;
afterAll(() => rmSync(FOLDER, { recursive: true }));

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [EVAL, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

function write(name: string, file: object): void {
  writeFileSync(join(FOLDER, 'series', `${name}.json`), JSON.stringify({ name: `made/${name}`, ...file }));
}

function noise(length: number, seed: number): number[] {
  return simulatedNoise({ length, phi: 0.3, random: randomFrom(seed) }).map((y) => 100 + 5 * y);
}

mkdirSync(join(FOLDER, 'series'));
writeFileSync(join(FOLDER, 'manifest.json'), '{}');
const inSeconds = { unit: 's', start: 0, step: 300, gaps: [] };
// What people said is wrong on purpose: a command that read it would say so.
write('step', {
  kind: 'changepoints',
  time: { unit: 'index', start: 0, step: 1, gaps: [] },
  series: [{ label: 'y', values: noise(150, 1).map((y, i) => (i === 7 ? null : y + (i >= 60 ? 40 : 0))) }],
  annotations: { somebody: [20] },
});
write('jump', {
  kind: 'windows',
  time: { unit: 's', raw: Array.from({ length: 4 * DAY }, (_, i) => 300 * i) },
  series: [
    { label: 'jumps', values: noise(4 * DAY, 2).map((y, i) => y + (i >= 800 ? 200 : 0)) },
    { label: 'rests', values: new Array(4 * DAY).fill(5) },
  ],
  labels: { windows: [[10, 20]] },
});
for (const seed of [1, 2, 3, 4]) {
  write(`calm-${seed}`, {
    kind: 'null',
    time: inSeconds,
    series: [{ label: 'y', values: noise(589, 10 + seed) }],
  });
}
write('constant', {
  kind: 'null',
  time: inSeconds,
  series: [{ label: 'y', values: new Array(589).fill(1) }],
});

describe('eval changepoints', () => {
  it('segments what is finished, watches what is not, and reads no labels', () => {
    const { status, stdout } = run('changepoints', FOLDER);
    expect(status).toBe(0);
    const predictions = JSON.parse(stdout) as Record<string, unknown>;
    expect(Object.keys(predictions)).toHaveLength(7);
    expect(predictions['made/step']).toEqual([60]);
    const { jumps, rests } = predictions['made/jump'] as Record<string, number[]>;
    expect(jumps).toContain(800);
    expect(rests).toEqual([]);
    expect(predictions['made/constant']).toEqual({ y: [] });
  });

  it.each([
    [['changepoints', '/nowhere'], 'cannot be read from /nowhere'],
    [['changepoints', join(import.meta.dirname, 'no-series')], 'name a folder that exists'],
    [['state-holding', import.meta.dirname], 'No series lie in'],
  ])('%j says what is wrong and ends with 2', (args, text) => {
    const { status, stderr } = run(...args);
    expect(stderr).toContain(text);
    expect(status).toBe(2);
  });
});

describe('eval state-holding', () => {
  it('tells who notices a change and who still says so a day later', () => {
    const { status, stdout } = run('state-holding', FOLDER, '--json');
    expect(status).toBe(0);
    const { rows, cannotSay } = JSON.parse(stdout) as {
      rows: { injection: string; channel: string; series: number; stillFlaggedRatio: number }[];
      cannotSay: number;
    };
    expect(cannotSay).toBe(1);
    expect(rows).toHaveLength(10);
    const still = (injection: string, channel: string) =>
      rows.find((row) => row.injection === injection && row.channel === channel)?.stillFlaggedRatio;
    expect(rows.every(({ series }) => series === 4)).toBe(true);
    expect(still('no change', 'contract')).toBe(0);
    for (const injection of ['step', 'calmer step', 'slow ramp', 'steep ramp']) {
      expect(still(injection, 'contract')).toBe(1);
    }
    expect(still('step', 'onset')).toBe(0);
  });
});

describe('injectChange', () => {
  it('adds what it says, from where it says, and keeps what is missing', () => {
    const values = [-1, 1, -1, 1, null, 2, 0];
    const from = 4;
    expect(injectChange(values, { injection: 'no change', from })).toEqual(values);
    expect(injectChange(values, { injection: 'step', from })).toEqual([-1, 1, -1, 1, null, 5, 3]);
    expect(injectChange(values, { injection: 'calmer step', from })).toEqual([-1, 1, -1, 1, null, 4, 3]);
    expect(injectChange(values, { injection: 'slow ramp', from })[6]).toBeCloseTo(3 * (3 / 240), 12);
  });
});
