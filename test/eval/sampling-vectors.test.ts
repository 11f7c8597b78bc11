import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Vector {
  readonly id: string;
  readonly expected: object;
}

const FILE = join(import.meta.dirname, '../core/sampling/fixtures/sampling-vectors.json');
const EVAL = join(import.meta.dirname, '../../eval/eval.ts');

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [EVAL, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('eval sampling-vectors', () => {
  it('answers every case and stage of the public vectors as expected', () => {
    const { cases, stages } = JSON.parse(readFileSync(FILE, 'utf8')) as {
      cases: Vector[];
      stages: Vector[];
    };
    expect([cases.length, stages.length]).toEqual([153, 30]);
    const { status, stdout } = run('sampling-vectors', FILE);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual(
      Object.fromEntries([...cases, ...stages].map(({ id, expected }) => [id, expected])),
    );
  });

  it.each([
    ['/nowhere/vectors.json', 'cannot be read from /nowhere/vectors.json'],
    [EVAL, 'no file of sampling vectors'],
  ])('says of %s what is wrong', (file, text) => {
    const { status, stderr } = run('sampling-vectors', file);
    expect(stderr).toContain(text);
    expect(status).toBe(2);
  });
});
