import { ZodError } from 'zod';
import { FAILURES, type FailureCode } from '../../core/errors.ts';

/** Problem details of RFC 9457, and what of ours goes with them. */
export interface Problem {
  /** Names the kind of problem; it does not resolve. `docs/` has one heading per code. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** What happened, where, and what to do. */
  readonly detail: string;
  readonly code: FailureCode;
  /** True: the same request may succeed later. */
  readonly retryable: boolean;
  /** Every field that is wrong, by its path, such as `action.kind`. */
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

const TITLES: Readonly<Partial<Record<FailureCode, string>>> = {
  request_invalid: 'The request is not valid',
  not_found: 'There is no such thing here',
  method_not_allowed: 'This cannot be done here',
  unauthenticated: 'A key is needed',
  store_unavailable: 'The store does not answer',
  finding_closed: 'The finding is closed',
  reference_changed: 'What was shown is not what would be accepted',
  ledger_unwritable: 'Decisions cannot be recorded',
  internal: 'An error nobody foresaw',
};

function problem(code: FailureCode, detail: string, status: number = FAILURES[code].httpStatus): Problem {
  return {
    type: `urn:plumbline:failure:${code}`,
    title: TITLES[code] ?? code.replaceAll('_', ' '),
    status,
    detail,
    code,
    retryable: FAILURES[code].retryable,
  };
}

/** What a caller is told of an error. What nobody foresaw says nothing of our insides: that is for the log. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ZodError) {
    const errors = error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
    const listed = errors
      .map(({ path, message }) => `${path === '' ? 'the body' : path}: ${message}`)
      .join('; ');
    return { ...problem('request_invalid', `Correct and ask again: ${listed}.`), errors };
  }
  const { code, message, statusCode } = error as { code?: string; message?: string; statusCode?: number };
  if (code !== undefined && code in FAILURES) return problem(code as FailureCode, message ?? code);
  // The HTTP server's own refusals: a body that is no JSON, too large, or of a type nobody asked for.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return problem('request_invalid', message ?? 'The request cannot be read.', statusCode);
  }
  return problem('internal', 'The log of the api process says what happened; please report it.');
}
