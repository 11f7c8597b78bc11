import { oneLine } from './safe-text.ts';

/**
 * `npx plumbline` with its arguments, to be pasted into a shell by somebody in a hurry: every value is in single
 * quotes, so a service named `x; rm -rf /` stays a name.
 */
export function copyableCommand(
  command: string,
  flags: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): string {
  const words = Object.entries(flags).map(([flag, value]) => `--${flag}=${shellQuoted(value)}`);
  return ['npx plumbline', command, ...args.map(shellQuoted), ...words].join(' ');
}

function shellQuoted(value: string): string {
  const line = oneLine(value);
  return /^[\w./:@-]+$/.test(line) ? line : `'${line.replaceAll("'", `'\\''`)}'`;
}
