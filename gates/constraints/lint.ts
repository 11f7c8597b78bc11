import { createHash } from 'node:crypto';
import { type ConstraintFile, type ConstraintSet, constraintFile } from './constraint-set.ts';
import { crossChecks } from './cross-checks.ts';
import { type ParsedYaml, parseYaml } from './parse-yaml.ts';
import type { Problem } from './problem.ts';
import { type ReadBeside, resolveSlis } from './resolve-slis.ts';
import { type Complaint, schemaComplaints } from './schema-complaints.ts';

export interface LintResult {
  /** null when there is any error; warnings do not count. */
  readonly set: ConstraintSet | null;
  readonly problems: readonly Problem[];
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | null)?.[key], root);
}

interface FormCheck {
  readonly file: ConstraintFile | null;
  readonly complaints: readonly (Complaint & { readonly severity: Problem['severity'] })[];
}

function checkForm({ value }: ParsedYaml, nowMs: number): FormCheck {
  const result = constraintFile.safeParse(value);
  if (result.success) {
    const complaints = crossChecks(result.data, nowMs).map((mismatch) => ({ atKey: false, ...mismatch }));
    return { file: result.data, complaints };
  }
  const complaints = result.error.issues
    .flatMap((issue) => schemaComplaints(issue, valueAt(value, issue.path)))
    .map((complaint) => ({ ...complaint, severity: 'error' as const }));
  return { file: null, complaints };
}

/**
 * Checks one constraint file: its YAML, its form, then its meaning. Every problem names file, line and column.
 * @param nowMs what `reviewBy` is compared with
 * @param readBeside reads files it refers to; left out for a text that lies nowhere
 */
export function lintConstraints(
  text: string,
  fileName: string,
  nowMs: number = Date.now(),
  readBeside?: ReadBeside,
): LintResult {
  const parsed = parseYaml(text);
  if (!('value' in parsed))
    return { set: null, problems: [{ file: fileName, ...parsed, severity: 'error' }] };
  const { file: written, complaints } = checkForm(parsed, nowMs);
  // What is wrong in itself need not be read further.
  const isSound = !complaints.some(({ severity }) => severity === 'error');
  const resolved = written !== null && isSound ? resolveSlis(written, { fileName, readBeside }) : null;
  const mismatches = (resolved?.mismatches ?? []).map((mismatch) => ({ atKey: false, ...mismatch }));
  const problems = [...complaints, ...mismatches]
    .map(({ path, atKey, within, message, hint, severity }): Problem => {
      return { file: fileName, ...parsed.positionOf({ path, atKey, within }), message, hint, severity };
    })
    .sort((left, right) => left.line - right.line || left.column - right.column)
    .concat(resolved?.problems ?? []);
  if (resolved === null || problems.some(({ severity }) => severity === 'error'))
    return { set: null, problems };
  const hash = createHash('sha256').update(text);
  for (const read of resolved.texts) hash.update(read);
  const revision = hash.digest('hex').slice(0, 12);
  return { set: { ...resolved.file, origin: { file: fileName, revision } }, problems };
}
