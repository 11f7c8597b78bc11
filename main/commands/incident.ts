import { userInfo } from 'node:os';
import { Command } from 'commander';
import { type ClientFlags, connectApi, examples, print, withClientFlags } from '../client-flags.ts';
import { textTable } from '../text-table.ts';

interface IncidentRow {
  readonly id: string;
  readonly service: string | null;
  readonly reason: string;
  readonly state: string;
  readonly openedAt: string;
  readonly openedBy: string;
}

interface PersonFlags extends ClientFlags {
  readonly reason: string;
  readonly by: string;
}

export function incidentCommand(): Command {
  return new Command('incident')
    .description('say that something is wrong: policies that read incident.open hold automation meanwhile')
    .addCommand(openCommand())
    .addCommand(closeCommand())
    .addCommand(listCommand());
}

function withPersonFlags(command: Command): Command {
  return withClientFlags(command)
    .requiredOption('--reason <text>', 'why')
    .option('--by <name>', 'who stands for it', userInfo().username);
}

function openCommand(): Command {
  return withPersonFlags(new Command('open'))
    .description('open an incident, of one service or of everything')
    .option('--service <name>', 'of this service only (default: of everything)')
    .addHelpText('after', examples('incident open --service checkout --reason "payments fail since 14:02"'))
    .action(async (flags: PersonFlags & { service?: string }) => {
      const { service, by, reason } = flags;
      const incident = await connectApi(flags).postJson<IncidentRow>('/incidents', { service, by, reason });
      print(
        flags,
        incident,
        () => `${incident.id} is open. Close it with: plumbline incident close ${incident.id} --reason …\n`,
      );
    });
}

function closeCommand(): Command {
  return withPersonFlags(new Command('close'))
    .description('close an incident')
    .argument('<id>', 'as incident list shows it')
    .action(async (id: string, flags: PersonFlags) => {
      const { by, reason } = flags;
      const path = `/incidents/${encodeURIComponent(id)}/close`;
      const incident = await connectApi(flags).postJson<IncidentRow>(path, { by, reason });
      print(flags, incident, () => `${incident.id} is closed.\n`);
    });
}

function listCommand(): Command {
  return withClientFlags(new Command('list'))
    .description('incidents that are open')
    .option('--all', 'those that are closed too')
    .action(async (flags: ClientFlags & { all?: boolean }) => {
      const path = `/incidents?state=${flags.all === true ? 'all' : 'open'}`;
      const { incidents } = await connectApi(flags).getJson<{ incidents: IncidentRow[] }>(path);
      print(flags, incidents, () => listText(incidents));
    });
}

function listText(incidents: readonly IncidentRow[]): string {
  if (incidents.length === 0) return 'No incident is open.\n';
  const rows = incidents.map((one) => [
    one.state,
    one.service ?? 'everything',
    one.openedBy,
    one.openedAt,
    one.id,
    one.reason,
  ]);
  return textTable(['STATE', 'SERVICE', 'OPENED BY', 'AT', 'ID', 'WHY'], rows);
}
