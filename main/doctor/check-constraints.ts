import { problemText } from '../../gates/constraints/problem.ts';
import { readConstraintFiles } from '../../gates/constraints/read-constraint-files.ts';
import { type Check, fail, ok, warn } from './check.ts';

export function checkConstraints(path: string | undefined, nowMs: number): Check[] {
  const name = 'constraints';
  if (path === undefined) return [ok(name, 'none; the built-in rules apply (PLUMBLINE_CONSTRAINTS)')];
  try {
    const files = readConstraintFiles(path, nowMs);
    if (files.length === 0)
      return [fail(name, `${path} holds no *.yaml file`, 'check PLUMBLINE_CONSTRAINTS')];
    const problems = files.flatMap((file) => file.problems);
    const setCount = files.filter(({ set }) => set !== null).length;
    return [
      ok(name, `${setCount} of ${files.length} files of ${path} are in force`),
      ...problems.map((problem) =>
        (problem.severity === 'error' ? fail : warn)(
          name,
          problemText(problem),
          'correct it; it is read again by itself',
        ),
      ),
    ];
  } catch (error) {
    return [fail(name, `${path} cannot be read: ${(error as Error).message}`, 'check PLUMBLINE_CONSTRAINTS')];
  }
}
