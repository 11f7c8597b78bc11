import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runPlumbline } from './run-plumbline.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-failmodes-'));
afterAll(() => rmSync(folder, { recursive: true }));

const budget = (minAvailable: number) =>
  `apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: { name: a }\nspec: { minAvailable: ${minAvailable}, selector: {} }\n`;

mkdirSync(join(folder, 'k8s', 'deep'), { recursive: true });
mkdirSync(join(folder, 'k8s', '.hidden'));
writeFileSync(join(folder, 'good.yaml'), budget(1));
writeFileSync(join(folder, 'k8s', 'compose.yaml'), 'services: {}\n');
writeFileSync(join(folder, 'k8s', 'deep', 'bad.yaml'), budget(0));
writeFileSync(join(folder, 'k8s', '.hidden', 'bad.yaml'), budget(0));
writeFileSync(join(folder, 'broken.yaml'), `kind: [\n---\n${budget(0)}`);

const run = (...args: string[]) => runPlumbline(['failmodes', ...args], { dataDir: join(folder, 'data') });
const at = (...names: string[]) => join(folder, ...names);

describe('plumbline failmodes', () => {
  it('ends with 0 when nothing contradicts, and says what it looked at', async () => {
    const { code, stdout } = await run(at('good.yaml'));
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining('1 object in 1 file: 2 places checked, 0 contradict'),
    ]);
  });

  it('ends with 1 when something does: a folder, into its folders', async () => {
    const { code, stdout } = await run(at('k8s'));
    expect(code).toBe(1);
    const place = `${at('k8s', 'deep', 'bad.yaml')}:4:23: error PDB002: minAvailable is 0 [PodDisruptionBudget a]\n`;
    expect(stdout).toContain(place);
    expect(stdout).toContain('table    drain: hold (when too much looks unhealthy, suspect the observer)\n');
    expect(stdout).toContain(
      'fix      # remove spec.minAvailable\n             spec:\n               maxUnavailable: 1\n',
    );
    expect(stdout).toContain('1 contradict the table, 0 weaker');
    expect(stdout).toContain('passed over: 1 document.');
  });

  it('ends with 2 when a document cannot be read, and checks the others; SARIF says both', async () => {
    const { code, stdout } = await run('--sarif', at('good.yaml'), at('broken.yaml'));
    expect(code).toBe(2);
    const [{ results, invocations }] = JSON.parse(stdout).runs;
    expect(results.map(({ ruleId }: { ruleId: string }) => ruleId)).toEqual(['PDB002']);
    expect(invocations[0].toolExecutionNotifications).toHaveLength(1);
  });

  it('ends with 2 when a path is not there, or nothing comes in', async () => {
    expect(await run(at('gone.yaml'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cannot be read'),
    });
    const nothing = await run('-');
    expect(nothing).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('no Kubernetes object was found'),
    });
  });

  it('reads what comes in, and prints JSON', () => {
    const bin = join(import.meta.dirname, '../../main/plumbline.mjs');
    const { status, stdout } = spawnSync(process.execPath, [bin, 'failmodes', '--json', '-'], {
      input: budget(0),
      encoding: 'utf8',
    });
    expect([status, JSON.parse(stdout).findings[0]]).toEqual([
      1,
      expect.objectContaining({ id: 'PDB002', file: '(stdin)', line: 4, column: 23, stage: 'routing' }),
    ]);
  });
});
