import { Command } from 'commander';
import { PATIENT_TIMEOUT_MS } from '../api-client.ts';
import { type ClientFlags, connectApi, examples, print, withClientFlags } from '../client-flags.ts';
import { textTable } from '../text-table.ts';
import { timeRangeSearch } from '../time-range-search.ts';

interface Coverage {
  readonly from: string;
  readonly until: string;
  readonly stages: readonly {
    readonly stage: string;
    readonly state: 'none-seen' | 'gated' | 'partly' | 'standing' | 'open';
    readonly actions: number;
    readonly covered: number;
    readonly standing: number;
    readonly open: number;
  }[];
  readonly actors: readonly {
    readonly actor: string;
    readonly stage: string | null;
    readonly isPerson: boolean;
    readonly kinds: readonly string[];
    readonly actions: number;
    readonly covered: number;
    readonly standing: number;
    readonly open: Readonly<Record<string, number>>;
    readonly lastAt: string;
  }[];
  readonly unread: { readonly tooLong: number; readonly isCut: boolean };
}

export function coverageCommand(): Command {
  return withClientFlags(new Command('coverage'))
    .description('which lifecycle stages are gated and which are open')
    .option('--from <time>', 'start, such as 2026-11-02T00:00:00Z (default: a day before the end)')
    .option('--until <time>', 'end (default: now)')
    .addHelpText('after', examples('coverage', 'coverage --from 2026-11-02T00:00:00Z --json'))
    .action(async (flags: ClientFlags & { from?: string; until?: string }) => {
      const api = connectApi(flags, PATIENT_TIMEOUT_MS);
      const coverage = await api.getJson<Coverage>(`/coverage${timeRangeSearch(flags)}`);
      print(flags, coverage, () => coverageText(coverage));
    });
}

const STATE_TEXT: Readonly<Record<Coverage['stages'][number]['state'], string>> = {
  'none-seen': 'no action seen: whether it is gated is not known',
  gated: 'gated',
  partly: 'partly gated',
  standing: 'by standing permission',
  open: 'OPEN',
};

function coverageText({ from, until, stages, actors, unread }: Coverage): string {
  const numbers = (row: { actions: number; covered: number; standing: number }) =>
    [row.actions, row.covered, row.standing].map(String);
  const ofStages = stages.map((stage) => [
    stage.stage,
    ...numbers(stage),
    String(stage.open),
    STATE_TEXT[stage.state],
  ]);
  const ofActors = actors.map((row) => [
    row.isPerson ? `${row.actor} (by hand)` : row.actor,
    row.stage ?? 'none',
    row.kinds.join(', '),
    ...numbers(row),
    Object.entries(row.open)
      .map(([why, count]) => `${count} ${why}`)
      .join(', ') || '0',
    row.lastAt,
  ]);
  const head = ['ACTIONS', 'COVERED', 'STANDING', 'OPEN'];
  return [
    `Actions seen from ${from} until ${until}:`,
    textTable(['STAGE', ...head, 'STATE'], ofStages),
    ...(actors.length === 0 ? [] : [textTable(['ACTOR', 'STAGE', 'KINDS', ...head, 'LAST'], ofActors)]),
    ...(unread.tooLong > 0
      ? [`warning: ${unread.tooLong} records were too long to read; cut them before they are sent.`]
      : []),
    ...(unread.isCut ? ['warning: more records than are read at once; ask for a shorter time.'] : []),
  ].join('\n');
}
