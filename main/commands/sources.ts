import { Command } from 'commander';
import { type Source, sourceLabel } from '../../core/source.ts';
import { type ClientFlags, connectApi, examples, print, withClientFlags } from '../client-flags.ts';

export function sourcesCommand(): Command {
  return withClientFlags(new Command('sources'))
    .description('list who sends telemetry')
    .addHelpText('after', examples('sources', 'sources --json'))
    .action(async (flags: ClientFlags) => {
      const body = await connectApi(flags).getJson<{ sources: readonly Source[] }>('/sources');
      print(flags, body, () =>
        body.sources.length === 0
          ? 'No sources: no telemetry has arrived yet.\n'
          : `${body.sources.map(sourceLabel).join('\n')}\n`,
      );
    });
}
