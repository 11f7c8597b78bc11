import { userInfo } from 'node:os';
import { Command } from 'commander';
import { type ClientFlags, connectApi, examples, print, withClientFlags } from '../client-flags.ts';
import { textTable } from '../text-table.ts';
import { timeRangeSearch } from '../time-range-search.ts';

interface ChangeRow {
  readonly at: string;
  readonly service: string;
  readonly summary: string;
  readonly expects: string | null;
  readonly recordedBy: string | null;
}

export function changeCommand(): Command {
  return new Command('change')
    .description('what people changed: drift that follows from it is no surprise')
    .addCommand(recordCommand())
    .addCommand(listCommand());
}

function recordCommand(): Command {
  return withClientFlags(new Command('record'))
    .description('record a change, where no pipeline sends it')
    .requiredOption('--service <name>', 'service.name of what was changed')
    .requiredOption('--summary <text>', 'what was changed')
    .option('--expects <text>', 'what it will move (default: nothing that anybody should see)')
    .option('--at <time>', 'when (default: now)')
    .option('--by <name>', 'who stands for it', userInfo().username)
    .addHelpText(
      'after',
      examples(
        'change record --service cart --summary "cache nodes replaced" --expects "cache hit ratio low for 1 h"',
      ),
    )
    .action(
      async (
        flags: ClientFlags & { service: string; summary: string; expects?: string; at?: string; by: string },
      ) => {
        const { service, summary, expects, at, by } = flags;
        const body = { service, summary, expects, at, recordedBy: by };
        const change = await connectApi(flags).postJson<ChangeRow>('/changes', body);
        print(flags, change, () => `Recorded by ${change.recordedBy}: ${change.service} at ${change.at}\n`);
      },
    );
}

function listCommand(): Command {
  return withClientFlags(new Command('list'))
    .description('list changes that are known, of pipelines too')
    .option('--service <name>', 'of this service only')
    .option('--from <time>', 'start (default: a day before the end)')
    .option('--until <time>', 'end (default: now)')
    .action(async (flags: ClientFlags & { service?: string; from?: string; until?: string }) => {
      const path = `/changes${timeRangeSearch(flags, { service: flags.service })}`;
      const body = await connectApi(flags).getJson<{ changes: readonly ChangeRow[] }>(path);
      print(flags, body, () => listText(body.changes));
    });
}

function listText(changes: readonly ChangeRow[]): string {
  if (changes.length === 0) return 'No change is known in this time.\n';
  const rows = changes.map(({ at, service, summary, expects, recordedBy }) => [
    at,
    service,
    summary,
    expects ?? 'nothing',
    recordedBy ?? 'telemetry',
  ]);
  return textTable(['AT', 'SERVICE', 'SUMMARY', 'EXPECTS', 'BY'], rows);
}
