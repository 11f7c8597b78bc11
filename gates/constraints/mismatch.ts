/** A problem of meaning rather than of form, by the path of the value it sits on. */
export interface Mismatch {
  readonly path: readonly (string | number)[];
  /** The key at the end of the path is at fault, not its value. */
  readonly atKey?: boolean;
  /** Where in the text of the value, counted from 0; left out: at its beginning. */
  readonly within?: { readonly text: string; readonly offset: number };
  readonly message: string;
  readonly hint: string;
  readonly severity: 'error' | 'warning';
}

export function mismatch(path: Mismatch['path'], message: string, hint: string): Mismatch {
  return { path, message, hint, severity: 'error' };
}
