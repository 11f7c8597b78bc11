import { Command } from 'commander';
import { type ClientFlags, connectApi, examples, print, withClientFlags } from '../client-flags.ts';
import { textTable } from '../text-table.ts';
import { ackCommand, closeCommand, feedbackCommand, snoozeCommand } from './findings-acts.ts';
import { findingsPrecisionCommand } from './findings-precision.ts';

interface FindingRow {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly state: string;
  readonly onsetAt: string;
  readonly effect: { readonly metric: string; readonly ratio: number | null };
  readonly confidence: number;
  readonly reasons: readonly { readonly text: string }[];
  readonly silencedBy?: { readonly act: string; readonly by: string; readonly until: string | null } | null;
}

export function findingsCommand(): Command {
  return (
    withClientFlags(new Command('findings'))
      // A flag after the name of a command below belongs to that one.
      .enablePositionalOptions()
      .description('list what the detectors found, or do something about one of them')
      .option('--state <state>', 'suspect, confirmed, closed or cannot-say')
      .addHelpText(
        'after',
        examples('findings --state confirmed --json', 'findings ack ID', 'findings precision'),
      )
      .action(async (flags: ClientFlags & { state?: string }) => {
        const query = flags.state === undefined ? '' : `?state=${encodeURIComponent(flags.state)}`;
        const body = await connectApi(flags).getJson<{ findings: readonly FindingRow[] }>(
          `/findings${query}`,
        );
        print(flags, body, () => findingsText(body.findings));
      })
      .addCommand(ackCommand())
      .addCommand(snoozeCommand())
      .addCommand(feedbackCommand())
      .addCommand(closeCommand())
      .addCommand(findingsPrecisionCommand())
  );
}

function findingsText(findings: readonly FindingRow[]): string {
  if (findings.length === 0) return 'No findings.\n';
  const rows = findings.map(({ id, state, kind, subject, onsetAt, confidence, reasons, silencedBy }) => [
    `${state}${silenceText(silencedBy)}`,
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

function silenceText(silence: FindingRow['silencedBy']): string {
  if (silence == null) return '';
  return silence.until === null
    ? `, acknowledged by ${silence.by}`
    : `, snoozed by ${silence.by} until ${silence.until}`;
}
