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

/**
 * Reads a constraint file, or every *.yaml of a folder, in the order of their names.
 * @throws the error of the file system when the path cannot be read
 */
export function readConstraintFiles(path: string, nowMs: number): ConstraintFileState[] {
  const states = filesOf(path).map((file): ConstraintFileState => {
    const text = readFileSync(file, 'utf8');
    const readBeside = (name: string) => readFileSync(join(dirname(file), name), 'utf8');
    return { file, text, ...lintConstraints(text, file, nowMs, readBeside) };
  });
  return refuseRepeatedNames(states);
}
