import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { FAIL_MODES, stageOf } from '../../../gates/fail-modes.ts';
import { checkFailModes, type Finding } from '../../../gates/failmodes/check-fail-modes.ts';
import { readManifests } from '../../../gates/failmodes/read-manifests.ts';
import { ruleTable } from '../../../gates/failmodes/rule-table.ts';
import { RULES } from '../../../gates/failmodes/rules.ts';
import { applyEdits } from './apply-edits.ts';

const folder = join(import.meta.dirname, 'manifests');
const files = readdirSync(folder).sort();
const textOf = (file: string) => readFileSync(join(folder, file), 'utf8');

/** `# !ID word`: this rule finds something on this line, where the word begins. */
function expected(file: string): string[] {
  return textOf(file)
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(/!([A-Z]+\d+) (\S+)/g)].map(
        ([, id, word]) => `${id} ${index + 1}:${line.indexOf(word as string) + 1}`,
      ),
    )
    .sort();
}

const check = (text: string, file = 'a.yaml') => checkFailModes([{ file, text, isNamed: true }]);
const placed = ({ id, line, column }: Finding) => `${id} ${line}:${column}`;

describe('the rules', () => {
  it('have manifests to look at', () => {
    expect(files.length).toBeGreaterThan(12);
    expect(RULES.length).toBeGreaterThan(70);
  });

  it.each(files)('%s: find what is wrong, where it stands, and nothing else', (file) => {
    const report = check(textOf(file), file);
    expect(report.refusals).toEqual([]);
    // How a workload is budgeted is the matter of one file only.
    const findings = report.findings.filter(({ id }) => id !== 'PDB001' || file === 'pdb.yaml');
    expect(findings.map(placed).sort()).toEqual(expected(file));
    expect(expected(file).length).toBeGreaterThan(0);
  });

  const read = files.map((file) => readManifests(textOf(file), file).manifests);

  it.each(RULES.map(({ id }) => id))('%s: has a manifest that is bad and one that is good', (id) => {
    const rule = RULES.find((one) => one.id === id) as (typeof RULES)[number];
    const places = read.flatMap((manifests) => {
      const own = manifests.filter(({ group, kind }) => rule.kinds.includes(`${group}/${kind}`));
      return own.flatMap((manifest) => [...rule.check(manifest, manifests)]);
    });
    expect(places.some(({ found }) => found !== null)).toBe(true);
    expect(places.some(({ found }) => found === null)).toBe(true);
  });

  it.each(files)('%s: the fixes fix', (file) => {
    const { manifests } = readManifests(textOf(file), file);
    const before = check(textOf(file), file).findings;
    expect(before.length).toBeGreaterThan(0);
    for (const finding of before) {
      const nameOf = ({ kind, namespace, name }: (typeof manifests)[number]) =>
        `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`;
      const isIt = (one: (typeof manifests)[number]) => {
        const end = textOf(file)
          .split('\n')
          .findIndex((line, at) => at >= finding.line && line.startsWith('---'));
        const start = one.positionOf(one.root.at('apiVersion')).line;
        return nameOf(one) === finding.object && start <= finding.line && (end < 0 || start <= end);
      };
      const own = manifests.filter(isIt).at(-1) as (typeof manifests)[number];
      const others = manifests.filter((one) => one !== own).map(({ root }) => root.value);
      const fixed = applyEdits(own.root.value, finding.edits);
      const text = [...fixed, ...others].map((value) => stringify(value)).join('---\n');
      const after = check(text, file).findings.filter(({ id }) => id === finding.id);
      const same = before.filter(({ id }) => id === finding.id);
      expect({ finding: placed(finding), left: after.length }).toEqual({
        finding: placed(finding),
        left: same.length - 1,
      });
      // As Kubernetes reads it, the snippet is YAML, and says what the edits say.
      const pasted = parseAllDocuments(finding.fix, { version: '1.1' });
      expect(pasted.flatMap(({ errors }) => errors)).toEqual([]);
      for (const edit of finding.edits) {
        const value = 'set' in edit ? edit.to : 'add' in edit ? edit.add : '';
        const said = 'remove' in edit ? finding.fix : JSON.stringify(pasted);
        expect(said).toContain(
          'remove' in edit ? '# remove ' : JSON.stringify(value).replace(/^\{|\}$/g, ''),
        );
      }
    }
  });

  it('belong to actions of the table, each to the stage the table gives it', () => {
    for (const { id, actions, stage, sources } of RULES) {
      expect(actions.length, id).toBeGreaterThan(0);
      for (const action of actions) expect({ id, stage: stageOf(action) }).toEqual({ id, stage });
      expect(sources.length, id).toBeGreaterThan(0);
      for (const source of sources) {
        expect(source, id).toMatch(/^(https:\/\/[a-z0-9.-]+\/|[\w-]+\/[\w-]+: [\w./-]+)/);
      }
    }
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
    // Every stage of the table has something that is configured in a manifest.
    const stages = new Set(RULES.map(({ stage }) => stage));
    expect([...new Set(FAIL_MODES.map(({ stage }) => stage))].filter((stage) => !stages.has(stage))).toEqual(
      [],
    );
  });

  it('stand in the documentation as they are', () => {
    const text = readFileSync(join(import.meta.dirname, '../../../docs/failmodes.md'), 'utf8');
    expect(text).toContain(ruleTable());
  });
});
