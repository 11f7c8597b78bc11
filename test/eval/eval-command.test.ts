import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const EVAL = join(import.meta.dirname, '../../eval/eval.ts');

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [EVAL, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('eval', () => {
  it.each([
    [['calibratoin'], "unknown command 'calibratoin'\n(Did you mean calibration?)"],
    [['calibration', '--runs', 'many'], 'whole number above 0'],
    [['calibration', '--only', 'nothing'], 'Allowed choices are orphans'],
    [['calibration', '--every', '7'], 'multiple of 5'],
    [['detection', '--only', 'nothing'], 'Allowed choices are lose20'],
  ])('%j says what is wrong and ends with 2', (args, text) => {
    const { status, stderr } = run(...args);
    expect(stderr).toContain(text);
    expect(status).toBe(2);
  });

  it('explains itself', () => {
    const { status, stdout } = run('--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/calibration[\s\S]*detection/);
    expect(run('calibration', '--help').stdout).toContain('--runs');
  });

  it('prints figures as JSON', () => {
    const { status, stdout } = run('calibration', '--only', 'orphans', '--runs', '1', '--json');
    expect(status).toBe(0);
    const { results } = JSON.parse(stdout) as { results: { group: string; coverage: unknown[] }[] };
    expect(results[0]?.group).toBe('orphans');
    expect(results[0]?.coverage).toHaveLength(36);
  });
});
