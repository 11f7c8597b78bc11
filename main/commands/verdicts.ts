import { Command } from 'commander';
import { type Source, sourceLabel } from '../../core/source.ts';
import { type ClientFlags, connectApi, examples, print, withClientFlags } from '../client-flags.ts';
import { textTable } from '../text-table.ts';
import { figure, intervalText } from '../verdict-detail.ts';

interface VerdictRow {
  readonly source: Source;
  readonly dimension: string;
  readonly outcome: string;
  readonly estimate: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly unit: string;
  readonly n: number;
  readonly reasons: readonly { readonly text: string }[];
}

export function verdictsCommand(): Command {
  return withClientFlags(new Command('verdicts'))
    .description('list the newest verdict about each dimension of each source, worst first')
    .option('--service <name>', 'of this service only')
    .option('--dimension <name>', 'completeness, timeliness, sampling, structure or provenance')
    .addHelpText('after', examples('verdicts', 'verdicts --service checkout --dimension completeness'))
    .action(async (flags: ClientFlags & { service?: string; dimension?: string }) => {
      const query = new URLSearchParams();
      if (flags.service !== undefined) query.set('service', flags.service);
      if (flags.dimension !== undefined) query.set('dimension', flags.dimension);
      const body = await connectApi(flags).getJson<{ verdicts: readonly VerdictRow[] }>(`/verdicts?${query}`);
      print(flags, body, () => verdictsText(body.verdicts));
    });
}

function verdictsText(verdicts: readonly VerdictRow[]): string {
  if (verdicts.length === 0) return 'No verdicts: no telemetry has arrived in the last minutes.\n';
  const rows = verdicts.map((verdict) => [
    verdict.outcome,
    verdict.dimension,
    sourceLabel(verdict.source),
    figure(verdict.estimate, verdict.unit),
    intervalText(verdict, verdict.unit),
    String(verdict.n),
    verdict.reasons[0]?.text ?? '',
  ]);
  return textTable(['OUTCOME', 'DIMENSION', 'SOURCE', 'ESTIMATE', 'INTERVAL', 'N', 'WHY'], rows);
}
