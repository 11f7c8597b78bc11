import { Command } from 'commander';
import { type Source, sourceLabel } from '../../core/source.ts';
import { type ClientFlags, connectApi, examples, print, withClientFlags } from '../client-flags.ts';
import { textTable } from '../text-table.ts';

interface SourceRow extends Source {
  /** The worst of its verdicts. */
  readonly outcome: string;
  readonly itemCount: number;
  readonly lastReceivedAt: string | null;
}

export function sourcesCommand(): Command {
  return withClientFlags(new Command('sources'))
    .description('list who sent telemetry in the last minutes, worst first')
    .addHelpText('after', examples('sources', 'sources --json'))
    .action(async (flags: ClientFlags) => {
      const body = await connectApi(flags).getJson<{ sources: readonly SourceRow[] }>('/sources');
      print(flags, body, () => sourcesText(body.sources));
    });
}

function sourcesText(sources: readonly SourceRow[]): string {
  if (sources.length === 0) return 'No sources: no telemetry has arrived in the last minutes.\n';
  const rows = sources.map((source) => [
    source.outcome,
    sourceLabel(source),
    String(source.itemCount),
    source.lastReceivedAt ?? 'unknown',
  ]);
  return textTable(['OUTCOME', 'SOURCE', 'ITEMS', 'LAST RECEIVED'], rows);
}
