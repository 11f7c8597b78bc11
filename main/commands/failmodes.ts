import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { PipelineError } from '../../core/errors.ts';
import {
  checkFailModes,
  type FailModeReport,
  type Finding,
  type ManifestText,
} from '../../gates/failmodes/check-fail-modes.ts';
import type { Remark } from '../../gates/failmodes/read-manifests.ts';
import { ruleTable } from '../../gates/failmodes/rule-table.ts';
import { toSarif } from '../../gates/failmodes/to-sarif.ts';
import { examples, print } from '../client-flags.ts';
import { textTable } from '../text-table.ts';
import { VERSION } from '../version.ts';

interface Flags {
  readonly json?: boolean;
  readonly sarif?: boolean;
  readonly rules?: boolean;
}

export function failmodesCommand(): Command {
  return new Command('failmodes')
    .description(
      'where Kubernetes manifests act on missing data as the table of fail modes forbids; needs no server',
    )
    .argument('[file...]', 'YAML or JSON files, folders of them, or - for what comes in')
    .option('--json', 'print JSON')
    .option('--sarif', 'print SARIF 2.1.0, for code scanning')
    .option('--rules', 'print the rules, as a table in Markdown')
    .addHelpText('after', HELP)
    .action((paths: readonly string[], flags: Flags) => {
      if (flags.rules === true) {
        process.stdout.write(ruleTable());
        return;
      }
      if (paths.length === 0) {
        throw new PipelineError('request_invalid', 'Name files or folders, or - for what comes in.');
      }
      const report = checkFailModes(paths.flatMap(textsOf));
      if (flags.sarif === true) print({ json: true }, toSarif(report, VERSION), () => '');
      else print(flags, report, () => reportText(report));
      process.exitCode = exitCodeOf(report);
    });
}

const HELP = `
Templates are read when they are rendered, and a cluster as kubectl prints it:
  $ helm template … | plumbline failmodes -
  $ kubectl get hpa,pdb,scaledobjects -A -o yaml | plumbline failmodes -

Exit codes: 0 nothing contradicts the table, 1 something does, 2 a document or file cannot be read (the others were checked).
${examples('failmodes deploy/', 'failmodes --json hpa.yaml rollout.yaml', 'failmodes --sarif k8s/ > failmodes.sarif')}`;

function isManifest(entry: Dirent): boolean {
  return /\.(ya?ml|json)$/.test(entry.name) && (entry.isFile() || entry.isSymbolicLink());
}

/** Hidden folders and those of packages hold no manifests of one's own. */
function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(
    ({ name }) => !name.startsWith('.') && name !== 'node_modules',
  );
  const files = entries.filter(isManifest).map(({ name }) => join(folder, name));
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  return [...files.sort(), ...folders.sort().flatMap(filesIn)];
}

function textsOf(path: string): ManifestText[] {
  try {
    if (path === '-') return [{ file: '(stdin)', text: readFileSync(0, 'utf8'), isNamed: true }];
    if (!statSync(path).isDirectory())
      return [{ file: path, text: readFileSync(path, 'utf8'), isNamed: true }];
    const files = filesIn(path);
    if (files.length > 0)
      return files.map((file) => ({ file, text: readFileSync(file, 'utf8'), isNamed: false }));
  } catch (error) {
    const text = `${path} cannot be read: ${(error as Error).message}.`;
    throw new PipelineError('request_invalid', text, { path }, error);
  }
  // A folder without manifests would pass every check: that is a mistake in the path.
  throw new PipelineError('request_invalid', `${path} holds no *.yaml or *.json file: check the path.`, {
    path,
  });
}

function exitCodeOf({ refusals, stages }: FailModeReport): number {
  if (refusals.length > 0) return 2;
  return stages.some(({ contradict }) => contradict > 0) ? 1 : 0;
}

function placed({ file, line, column }: { file: string; line: number; column: number }): string {
  return `${file}:${line}:${column}`;
}

function indented(label: string, text: string): string {
  return text
    .split('\n')
    .map((line, index) => `    ${(index === 0 ? label : '').padEnd(9)}${line}`.trimEnd())
    .join('\n');
}

/** What a rule has to say is said once. */
function findingText(finding: Finding, isFirst: boolean): string {
  const { severity, id, found, object, natively, sources, table, fix } = finding;
  const lines = [
    `${placed(finding)}: ${severity} ${id}: ${found} [${object}]`,
    isFirst && indented('natively', natively),
    isFirst && indented('', `(${sources.join(', ')})`),
    isFirst && indented('table', table),
    indented('fix', fix),
    '',
  ];
  return lines.filter((line) => line !== false).join('\n');
}

function remarkText(word: string, remark: Remark): string {
  return `${placed(remark)}: ${word}: ${remark.message} (${remark.hint})`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function reportText(report: FailModeReport): string {
  const { findings, refusals, notes, stages, unjudged, objectCount, fileCount, foreignCount } = report;
  const open = findings.filter(({ suppressed }) => suppressed === null);
  const rows = stages.map((one) => [one.stage, one.checked, one.contradict, one.weaker].map(String));
  const kinds = Object.entries(unjudged).map(([kind, count]) => `${kind} ${count}`);
  const sum = (of: 'checked' | 'contradict' | 'weaker') => stages.reduce((total, one) => total + one[of], 0);
  const lines = [
    ...open.map((one, index) => findingText(one, open.findIndex(({ id }) => id === one.id) === index)),
    ...refusals.map((refusal) => remarkText('not checked', refusal)),
    ...notes.map((note) => remarkText('note', note)),
    rows.length > 0 && textTable(['stage', 'places', 'contradict', 'weaker'], rows),
    `${counted(objectCount, 'object')} in ${counted(fileCount, 'file')}: ${counted(sum('checked'), 'place')} checked, ` +
      `${sum('contradict')} contradict the table, ${sum('weaker')} weaker, ${findings.length - open.length} suppressed.`,
    kinds.length > 0 && `Without fail modes: ${kinds.join(', ')}.`,
    foreignCount > 0 && `No Kubernetes objects, passed over: ${counted(foreignCount, 'document')}.`,
    refusals.length > 0 && `NOT CHECKED: ${counted(refusals.length, 'document')}, see above.`,
  ];
  return `${lines.filter((line) => line !== false).join('\n')}\n`;
}
