import { Command } from 'commander';
import { type ClientFlags, connectApi, examples, print, withClientFlags } from '../client-flags.ts';
import { textTable } from '../text-table.ts';

interface Rated {
  readonly n: number;
  readonly useful: number;
  readonly noise: number;
  readonly wrong: number;
  readonly precision: number;
  readonly lower: number;
  readonly upper: number;
}

interface Answer {
  readonly from: string;
  readonly until: string;
  readonly kinds: readonly (Rated & { readonly kind: string })[];
  readonly constraints: readonly (Rated & { readonly constraint: string | null })[];
}

export function findingsPrecisionCommand(): Command {
  return withClientFlags(new Command('precision'))
    .description('how many findings people found useful, the noisiest first')
    .option('--from <time>', 'default: 90 days before --until')
    .option('--until <time>', 'default: now')
    .addHelpText('after', examples('findings precision --from 2026-11-01T00:00:00Z'))
    .action(async (flags: ClientFlags & { from?: string; until?: string }) => {
      const query = new URLSearchParams();
      if (flags.from !== undefined) query.set('from', flags.from);
      if (flags.until !== undefined) query.set('until', flags.until);
      const answer = await connectApi(flags).getJson<Answer>(`/findings/precision?${query}`);
      print(flags, answer, () => precisionText(answer));
    });
}

function precisionText({ from, until, kinds, constraints }: Answer): string {
  if (kinds.length === 0)
    return `Nobody rated a finding from ${from} until ${until}: plumbline findings feedback ID useful.\n`;
  const ofKinds = kinds.map((rated) => row(rated.kind, rated));
  const ofConstraints = constraints.map((rated) => row(rated.constraint ?? 'none', rated));
  return `${table('KIND', ofKinds)}\n${table('CONSTRAINT', ofConstraints)}`;
}

function table(what: string, rows: readonly string[][]): string {
  return textTable([what, 'USEFUL', 'NOISE', 'WRONG', 'PRECISION', '95 % INTERVAL'], rows);
}

function row(name: string, { n, useful, noise, wrong, precision, lower, upper }: Rated): string[] {
  const percent = (ratio: number) => `${(100 * ratio).toFixed(0)} %`;
  const interval = `${percent(lower)} to ${percent(upper)}`;
  return [name, `${useful} of ${n}`, String(noise), String(wrong), percent(precision), interval];
}
