import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ConstraintSet } from './constraint-set.ts';
import { lintConstraints } from './lint.ts';
import type { Problem } from './problem.ts';

/** One constraint file as it stands on disk; `set` is null when the file has an error. */
export interface ConstraintFileState {
  readonly file: string;
  readonly text: string;
  readonly set: ConstraintSet | null;
  readonly problems: readonly Problem[];
}

function isConstraintFile(entry: Dirent): boolean {
  // Kubernetes mounts a ConfigMap's files as symbolic links beside a hidden folder that holds them.
  return (
    /\.ya?ml$/.test(entry.name) && !entry.name.startsWith('.') && (entry.isFile() || entry.isSymbolicLink())
  );
}

function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter(isConstraintFile)
    .map((entry) => join(path, entry.name))
    .sort();
}

/** Two sets of one name would make `checkout/traces` in a decision point to either: the later file is refused. */
function refuseRepeatedNames(states: readonly ConstraintFileState[]): ConstraintFileState[] {
  const firstFileOf = new Map<string, string>();
  return states.map((state) => {
    const name = state.set?.metadata.name;
    if (name === undefined) return state;
    const firstFile = firstFileOf.get(name);
    if (firstFile === undefined) {
      firstFileOf.set(name, state.file);
      return state;
    }
    const message = `the name "${name}" is taken by ${basename(firstFile)}`;
    const hint = 'give metadata.name another value';
    const line = state.text.slice(0, Math.max(0, state.text.indexOf('metadata'))).split('\n').length;
    const problem: Problem = { file: state.file, line, column: 1, message, hint, severity: 'error' };
    return { ...state, set: null, problems: [...state.problems, problem] };
  });
}

/** What a file said when it was linted last, with the texts it refers to. */
interface Linted {
  readonly text: string;
  readonly beside: ReadonlyMap<string, string>;
  /** Warnings about dates depend on the day. */
  readonly day: number;
  readonly state: ConstraintFileState;
}

/** Files by path, so that what has not changed is not parsed again every few seconds. */
export type LintedFiles = Map<string, Linted>;

const DAY_MS = 86_400_000;

function isUnchanged(before: Linted, now: { text: string; day: number; read: ReadText }): boolean {
  if (now.text !== before.text || now.day !== before.day) return false;
  try {
    return [...before.beside].every(([name, text]) => now.read(name) === text);
  } catch {
    return false; // what it refers to is gone: linting says so
  }
}

type ReadText = (name: string) => string;

function readState(file: string, of: { nowMs: number; linted: LintedFiles }): ConstraintFileState {
  const { nowMs, linted } = of;
  const text = readFileSync(file, 'utf8');
  const day = Math.floor(nowMs / DAY_MS);
  const read: ReadText = (name) => readFileSync(join(dirname(file), name), 'utf8');
  const before = linted.get(file);
  if (before !== undefined && isUnchanged(before, { text, day, read })) return before.state;
  const beside = new Map<string, string>();
  const readBeside: ReadText = (name) => {
    const content = read(name);
    beside.set(name, content);
    return content;
  };
  const state = { file, text, ...lintConstraints(text, file, nowMs, readBeside) };
  // What refers to something that cannot be read is looked at again each time: it may be there by then.
  if (state.set === null) linted.delete(file);
  else linted.set(file, { text, beside, day, state });
  return state;
}

/**
 * Reads a constraint file, or every *.yaml of a folder, in the order of their names.
 * @param linted of the last reading; left out, everything is parsed
 * @throws the error of the file system when the path cannot be read
 */
export function readConstraintFiles(
  path: string,
  nowMs: number,
  linted: LintedFiles = new Map(),
): ConstraintFileState[] {
  return refuseRepeatedNames(filesOf(path).map((file) => readState(file, { nowMs, linted })));
}
