import { Command } from 'commander';
import { type ClientFlags, connectApi, examples, print, withClientFlags } from '../client-flags.ts';
import { textTable } from '../text-table.ts';

interface Answer {
  readonly from: string;
  readonly until: string;
  readonly constraints: readonly {
    readonly constraint: string;
    readonly held: number;
    readonly n: number;
    readonly right: number;
    readonly precision: number | null;
    readonly lower: number | null;
    readonly upper: number | null;
  }[];
}

export function constraintsPrecisionCommand(): Command {
  return withClientFlags(new Command('precision'))
    .description('how often each constraint was right to hold, by the outcomes that were told')
    .option('--from <time>', 'default: 90 days before --until')
    .option('--until <time>', 'default: now')
    .addHelpText('after', examples('constraints precision --from 2026-11-01T00:00:00Z'))
    .action(async (flags: ClientFlags & { from?: string; until?: string }) => {
      const query = new URLSearchParams();
      if (flags.from !== undefined) query.set('from', flags.from);
      if (flags.until !== undefined) query.set('until', flags.until);
      const answer = await connectApi(flags).getJson<Answer>(`/constraints/precision?${query}`);
      print(flags, answer, () => precisionText(answer));
    });
}

function precisionText({ from, until, constraints }: Answer): string {
  if (constraints.length === 0) return `Nothing was held or denied from ${from} until ${until}.\n`;
  const percent = (ratio: number | null) => `${(100 * (ratio ?? 0)).toFixed(0)} %`;
  const rows = constraints.map(({ constraint, held, n, right, precision, lower, upper }) => [
    constraint,
    String(held),
    `${right} of ${n}`,
    precision === null ? 'unknown' : percent(precision),
    precision === null ? '' : `${percent(lower)} to ${percent(upper)}`,
  ]);
  return textTable(['CONSTRAINT', 'HELD', 'RIGHT', 'PRECISION', '95 % INTERVAL'], rows);
}
