/** What is wrong with a constraint file, where, and what to do; line and column count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint: string;
  /** A warning does not keep the file from being used. */
  readonly severity: 'error' | 'warning';
}

/** `file:line:column: message (hint)`, as compilers and editors write it. */
export function problemText(problem: Problem): string {
  const { file, line, column, message, hint } = problem;
  return `${file}:${line}:${column}: ${message} (${hint})`;
}
