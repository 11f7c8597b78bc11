import { FAILURES, PipelineError } from '../core/errors.ts';

/** The one sentence a person gets, and the exit code; a stack only for what nobody foresaw. */
export function explainFailure(error: unknown): { code: string; text: string; exitCode: number } {
  if (error instanceof PipelineError) {
    return { code: error.code, text: error.message, exitCode: FAILURES[error.code].exitCode };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'internal', text, exitCode: 1 };
}
