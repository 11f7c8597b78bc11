import { accessSync, constants } from 'node:fs';
import { Command } from 'commander';
import { PipelineError } from '../../core/errors.ts';
import type { Finding } from '../../core/finding.ts';
import { ITEM_NOUN, SIGNALS } from '../../core/signal.ts';
import { rfc3339 } from '../../core/time.ts';
import { loadConstraints } from '../../gates/constraints/constraints.ts';
import { toFindingJson } from '../api/finding-json.ts';
import { examples, print } from '../client-flags.ts';
import { parseReferencePeriod } from '../replay/reference-period.ts';
import type { Replayed } from '../replay/replay.ts';
import { textTable } from '../text-table.ts';

interface Flags {
  readonly reference?: string;
  readonly constraints?: string;
  readonly ledger: readonly string[];
  readonly json?: boolean;
}

const FOUND_EXIT_CODE = 10;

const HELP = `
Files are those of the Collector's file exporter (JSON lines, or protobuf messages with their length before them), or one OTLP
request each, gzip or zstd or neither. They are read side by side, in the order of their times, and into an engine of their
own in a temporary folder: a running server is not touched.

Exit codes: 0 nothing was found, 10 something was, 1 an error, 2 wrongly asked (a file or a period that is not there).
What could not be read is told on standard error and changes no exit code, unless nothing could be read at all (1).
`;

export function replayCommand(): Command {
  return new Command('replay')
    .description('live through recorded OTLP in virtual time, and say what is found')
    .argument('<file...>', 'OTLP in JSON or protobuf')
    .option(
      '--reference <from..until>',
      'what people accept as normal: times, or offsets from the first item such as 0d..4d',
    )
    .option('--constraints <path>', 'a constraint file, or a folder of them')
    .option(
      '--ledger <file>',
      'a segment of a ledger, for what gates decided meanwhile; may be repeated',
      (file: string, before: readonly string[]) => [...before, file],
      [],
    )
    .option('--json', 'print JSON: findings as GET /findings answers them, and what was read')
    .addHelpText(
      'after',
      `${HELP}${examples('replay --reference 0d..4d metrics.json traces.json', 'replay --reference 0d..4d --constraints constraints/ --json *.json.gz')}`,
    )
    .action(run);
}

async function run(files: readonly string[], flags: Flags): Promise<void> {
  for (const file of [...files, ...flags.ledger]) assertReadable(file);
  const reference = flags.reference === undefined ? null : parseReferencePeriod(flags.reference);
  const sets = loadConstraints(flags.constraints);
  const [{ openTemporaryStore }, { replay }] = await Promise.all([
    import('../replay/temporary-store.ts'),
    import('../replay/replay.ts'),
  ]);
  const store = await openTemporaryStore(process.env);
  const quit = () => void store.close().finally(() => process.exit(130));
  process.once('SIGINT', quit).once('SIGTERM', quit);
  try {
    const replayed = await replay(store, { files, ledgers: flags.ledger, sets, reference });
    print(flags, replayedJson(replayed), () => replayedText(replayed));
    for (const line of unreadableLines(replayed)) console.error(line);
    process.exitCode = exitCodeOf(replayed);
  } finally {
    process.off('SIGINT', quit).off('SIGTERM', quit);
    await store.close();
  }
}

/** Before an engine is started for it. */
function assertReadable(file: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    const text = `${file} cannot be read: ${(error as Error).message}.`;
    throw new PipelineError('request_invalid', text, { file }, error);
  }
}

function exitCodeOf({ findings, covers }: Replayed): number {
  if (findings.length > 0) return FOUND_EXIT_CODE;
  return covers === null ? 1 : 0;
}

function replayedJson({ findings, covers, reference, signals, unreadable, ...rest }: Replayed) {
  const { serviceNames, unreadableCount, decisionCount } = rest;
  return {
    findings: findings.map(toFindingJson),
    replay: {
      covers: periodJson(covers),
      reference: periodJson(reference),
      services: serviceNames,
      signals,
      decisionCount,
      unreadable,
      unreadableCount,
    },
  };
}

function periodJson(period: Replayed['covers']) {
  return period && { from: rfc3339(period.fromMs), until: rfc3339(period.untilMs) };
}

function replayedText(replayed: Replayed): string {
  const { covers, reference, findings, serviceNames } = replayed;
  const lines = SIGNALS.filter((signal) => replayed.signals[signal].requests > 0).map((signal) => {
    const { requests, items, rejected } = replayed.signals[signal];
    const refused = Object.entries(rejected).map(([reason, count]) => `${count} ${reason}`);
    const tail = refused.length === 0 ? '' : `; refused as ingest would: ${refused.join(', ')}`;
    return `${signal}: ${requests} requests, ${items} ${ITEM_NOUN[signal]}${tail}`;
  });
  if (covers === null) return 'Nothing could be read.\n';
  if (replayed.decisionCount > 0) lines.push(`ledger: ${replayed.decisionCount} decisions`);
  const days = (covers.untilMs - covers.fromMs) / 86_400_000;
  lines.push(`From ${rfc3339(covers.fromMs)} until ${rfc3339(covers.untilMs)} (${days.toFixed(2)} days).`);
  if (reference === null) {
    lines.push('Nothing says what is normal, so nothing was looked for: give --reference, such as 0d..4d.');
  } else {
    const { fromMs, untilMs } = reference;
    lines.push(
      `Normal is ${rfc3339(fromMs)} until ${rfc3339(untilMs)}, of ${serviceNames.length} services: ${serviceNames.join(', ')}.`,
    );
    lines.push(findings.length === 0 ? 'Nothing was found.' : findingsTable(findings));
  }
  return `${lines.join('\n')}\n`;
}

function findingsTable(findings: readonly Finding[]): string {
  const rows = findings.map((finding) => [
    finding.state,
    finding.kind,
    finding.subject,
    finding.culprit ?? '',
    rfc3339(finding.onsetAtMs),
    rfc3339(finding.detectedAtMs),
    finding.closedAtMs === null ? '' : rfc3339(finding.closedAtMs),
    finding.confidence.toFixed(2),
    finding.reasons[0]?.text ?? '',
  ]);
  const head = ['STATE', 'KIND', 'SUBJECT', 'CULPRIT', 'SINCE', 'DETECTED', 'CLOSED', 'CONFIDENCE', 'WHY'];
  return textTable(head, rows);
}

function unreadableLines({ unreadable, unreadableCount }: Replayed): string[] {
  const lines = unreadable.map(({ file, place, why }) => `not read: ${file}, ${place}: ${why}`);
  const untold = unreadableCount - unreadable.length;
  return untold === 0 ? lines : [...lines, `not read: ${untold} more`];
}
