/** One line of `plumbline doctor`: what was looked at, how it is, and what to do when it is not well. */
export interface Check {
  readonly name: string;
  readonly level: 'ok' | 'warn' | 'fail';
  readonly text: string;
  readonly todo: string | null;
}

export const ok = (name: string, text: string): Check => ({ name, level: 'ok', text, todo: null });

export const warn = (name: string, text: string, todo: string): Check => ({
  name,
  level: 'warn',
  text,
  todo,
});

export const fail = (name: string, text: string, todo: string): Check => ({
  name,
  level: 'fail',
  text,
  todo,
});
