import { Command } from 'commander';
import { type ClientFlags, connectApi, examples, print, withClientFlags } from '../client-flags.ts';
import { textTable } from '../text-table.ts';

interface FindingRow {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly state: string;
  readonly onsetAt: string;
  readonly effect: { readonly metric: string; readonly ratio: number | null };
  readonly confidence: number;
  readonly reasons: readonly { readonly text: string }[];
}

export function findingsCommand(): Command {
  return withClientFlags(new Command('findings'))
    .description('list what the detectors found')
    .option('--state <state>', 'suspect, confirmed, closed or cannot-say')
    .addHelpText('after', examples('findings', 'findings --state confirmed --json'))
    .action(async (flags: ClientFlags & { state?: string }) => {
      const query = flags.state === undefined ? '' : `?state=${encodeURIComponent(flags.state)}`;
      const body = await connectApi(flags).getJson<{ findings: readonly FindingRow[] }>(`/findings${query}`);
      print(flags, body, () => findingsText(body.findings));
    });
}

function findingsText(findings: readonly FindingRow[]): string {
  if (findings.length === 0) return 'No findings.\n';
  const rows = findings.map(({ id, state, kind, subject, onsetAt, confidence, reasons }) => [
    state,
    kind,
    subject,
    onsetAt,
    // What rests on spans of unknown weight is not 0 % sure: nobody knows how sure it is.
    confidence === 0 ? 'unknown' : confidence.toFixed(2),
    id,
    reasons[0]?.text ?? '',
  ]);
  return textTable(['STATE', 'KIND', 'SUBJECT', 'SINCE', 'CONFIDENCE', 'ID', 'WHY'], rows);
}
