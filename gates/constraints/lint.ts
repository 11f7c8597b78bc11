import { createHash } from 'node:crypto';
import { type ConstraintSet, constraintFile } from './constraint-set.ts';
import { crossChecks } from './cross-checks.ts';
import { type ParsedYaml, parseYaml } from './parse-yaml.ts';
import type { Problem } from './problem.ts';
import { schemaComplaints } from './schema-complaints.ts';

export interface LintResult {
  /** null when there is any error; warnings do not count. */
  readonly set: ConstraintSet | null;
  readonly problems: readonly Problem[];
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | null)?.[key], root);
}

function checkForm({ value }: ParsedYaml, nowMs: number) {
  const result = constraintFile.safeParse(value);
  if (result.success) {
    const complaints = crossChecks(result.data, nowMs).map((mismatch) => ({ ...mismatch, atKey: false }));
    return { file: result.data, complaints };
  }
  const complaints = result.error.issues
    .flatMap((issue) => schemaComplaints(issue, valueAt(value, issue.path)))
    .map((complaint) => ({ ...complaint, severity: 'error' as const }));
  return { file: null, complaints };
}

/**
 * Checks one constraint file: its YAML, its form, then its meaning. Every problem names line and column.
 * @param nowMs what `reviewBy` is compared with
 */
export function lintConstraints(text: string, fileName: string, nowMs: number = Date.now()): LintResult {
  const parsed = parseYaml(text);
  if (!('value' in parsed))
    return { set: null, problems: [{ file: fileName, ...parsed, severity: 'error' }] };
  const { file, complaints } = checkForm(parsed, nowMs);
  const problems = complaints
    .map(({ path, atKey, message, hint, severity }): Problem => {
      return { file: fileName, ...parsed.positionOf({ path, atKey }), message, hint, severity };
    })
    .sort((left, right) => left.line - right.line || left.column - right.column);
  if (file === null || problems.some(({ severity }) => severity === 'error')) return { set: null, problems };
  const revision = createHash('sha256').update(text).digest('hex').slice(0, 12);
  return { set: { ...file, origin: { file: fileName, revision } }, problems };
}
