import { Command } from 'commander';
import { type ClientFlags, connectApi, examples, print, withClientFlags } from '../client-flags.ts';

export function reportCommand(): Command {
  return withClientFlags(new Command('report'))
    .description('print one report as Markdown')
    .argument('<id>', 'id of a report or of its finding')
    .addHelpText('after', examples('report 7f3a9c21', 'report 7f3a9c21 --json'))
    .action(async (id: string, flags: ClientFlags) => {
      const path = `/reports/${encodeURIComponent(id)}`;
      const api = connectApi(flags);
      if (flags.json === true) print(flags, await api.getJson(path), () => '');
      else process.stdout.write(`${(await api.getText(path, 'text/markdown')).trimEnd()}\n`);
    });
}
