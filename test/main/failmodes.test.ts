import { execFileSync } from 'node:child_process';
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

  it('ends with 2 when a document cannot be read, and checks the others', async () => {
    const { code, stdout } = await run(at('good.yaml'), at('broken.yaml'));
    expect(code).toBe(2);
    expect(stdout).toContain('broken.yaml:2:1: not checked: ');
    expect(stdout).toContain('broken.yaml:6:23: error PDB002');
  });

  it.each([
    [['gone.yaml'], 'cannot be read'],
    [['k8s/.hidden/..gone'], 'cannot be read'],
  ])('ends with 2 when %j is not there', async (names, said) => {
    const { code, stderr } = await run(at(...names));
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
  });

  it('ends with 2 when nothing is named or nothing comes in', async () => {
    expect(await run()).toMatchObject({ code: 2, stderr: expect.stringContaining('Name files or folders') });
    expect(await run('-')).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('no Kubernetes object was found'),
    });
  });

  it('reads what comes in, and prints JSON or SARIF', async () => {
    const bin = join(import.meta.dirname, '../../main/plumbline.mjs');
    const options = { input: budget(0), encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] } as const;
    const pipe = (flag: string) => {
      try {
        return { code: 0, stdout: execFileSync(process.execPath, [bin, 'failmodes', flag, '-'], options) };
      } catch (error) {
        const { status, stdout } = error as { status: number; stdout: string };
        return { code: status, stdout };
      }
    };
    const json = pipe('--json');
    expect([json.code, JSON.parse(json.stdout).findings[0]]).toEqual([
      1,
      expect.objectContaining({ id: 'PDB002', file: '(stdin)', line: 4, column: 23, stage: 'routing' }),
    ]);
    const sarif = pipe('--sarif');
    expect([sarif.code, JSON.parse(sarif.stdout).runs[0].results[0].ruleId]).toEqual([1, 'PDB002']);
  });
});
