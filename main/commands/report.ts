import { Command } from 'commander';
import { reportId } from '../../alerts/report-id.ts';
import type { Report } from '../../core/report.ts';
import { type ClientFlags, connectApi, examples, print, withClientFlags } from '../client-flags.ts';
import { textTable } from '../text-table.ts';

export function reportCommand(): Command {
  return withClientFlags(new Command('report'))
    .description('print one report as Markdown, or list the reports')
    .argument('[id]', 'id of a report, or of the finding it is about; none lists the reports')
    .addHelpText('after', examples('report', 'report r_9f2c41d07b3e5a66', 'report --json'))
    .action(async (id: string | undefined, flags: ClientFlags) => {
      if (id === undefined) await listReports(flags);
      else await printReport(id, flags);
    });
}

async function printReport(id: string, flags: ClientFlags): Promise<void> {
  // The report about a finding has an id made of the finding's.
  const path = `/reports/${encodeURIComponent(/^r_[0-9a-f]{16}$/.test(id) ? id : reportId(id))}`;
  const api = connectApi(flags);
  if (flags.json === true) print(flags, await api.getJson(path), () => '');
  else process.stdout.write(`${(await api.getText(path, 'text/markdown')).trimEnd()}\n`);
}

async function listReports(flags: ClientFlags): Promise<void> {
  const body = await connectApi(flags).getJson<{ reports: readonly Report[] }>('/reports');
  print(flags, body, () => {
    if (body.reports.length === 0) return 'No reports.\n';
    const rows = body.reports.map(({ state, updatedAt, id, headline }) => [state, updatedAt, id, headline]);
    return textTable(['STATE', 'UPDATED', 'ID', 'HEADLINE'], rows);
  });
}
