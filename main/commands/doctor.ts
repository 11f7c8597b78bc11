import { Command } from 'commander';
import { examples, print } from '../client-flags.ts';
import type { Check } from '../doctor/check.ts';

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check this machine, the configuration and the running server')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `\nExit codes: 0 nothing failed, 1 something did.\n${examples('doctor', 'doctor --json')}`,
    )
    .action(async (flags: { json?: boolean }) => {
      const { examine } = await import('../doctor/examine.ts');
      const checks = await examine();
      print(flags, { checks }, () => checksText(checks));
      process.exitCode = checks.some(({ level }) => level === 'fail') ? 1 : 0;
    });
}

function checksText(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.map(({ level, name, text, todo }) => {
    const line = `${level.padEnd(4)}  ${name.padEnd(width)}  ${text}`;
    return todo === null ? line : `${line}\n${' '.repeat(width + 8)}-> ${todo}`;
  });
  const count = (level: Check['level']): number => checks.filter((check) => check.level === level).length;
  return `${lines.join('\n')}\n\n${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} failed.\n`;
}
