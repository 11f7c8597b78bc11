import { Command } from 'commander';
import { PipelineError } from '../../core/errors.ts';
import { type HoldingRow, holdState } from '../changepoints/hold-state.ts';
import { readSeries, samplesPerDay } from '../changepoints/read-series.ts';

export function stateHoldingCommand(): Command {
  return new Command('state-holding')
    .description('known changes in fault-free series: who notices them, and who still says so a day later?')
    .argument('[DIR]', 'series files (.json) of kind null, two days each at least')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  npm run -s eval -- state-holding ./series\n')
    .action(run);
}

async function run(folder: string | undefined, { json }: { json?: boolean }): Promise<void> {
  const files = (await readSeries(folder)).filter(({ kind }) => kind === 'null');
  const series = files.flatMap((file) => {
    const perDay = samplesPerDay(file);
    return perDay === 0 ? [] : file.series.map(({ values }) => ({ values, stepMs: 86_400_000 / perDay }));
  });
  if (series.length === 0) {
    throw new PipelineError(
      'request_invalid',
      'The folder holds no series of kind null with times; name one that does.',
    );
  }
  const study = holdState(series);
  if (json) process.stdout.write(`${JSON.stringify(study)}\n`);
  else process.stdout.write(`${[HEADER, ...study.rows.map(lineOf)].join('\n')}\n${tell(study.cannotSay)}\n`);
}

const HEADER =
  'injection    channel   series  noticed  in 12 h  still flagged  delay (median)  flagged per day';

function lineOf(row: HoldingRow): string {
  const delay = row.delayHoursMedian === null ? '-' : `${row.delayHoursMedian.toFixed(1)} h`;
  return [
    row.injection.padEnd(11),
    row.channel.padEnd(8),
    String(row.series).padStart(6),
    row.noticedRatio.toFixed(3).padStart(7),
    row.noticedIn12hRatio.toFixed(3).padStart(7),
    row.stillFlaggedRatio.toFixed(3).padStart(13),
    delay.padStart(14),
    row.flaggedPerDay.toFixed(3).padStart(15),
  ].join('  ');
}

function tell(cannotSay: number): string {
  return `${cannotSay} more series have too few samples or no spread before the change: nothing is said of them.`;
}
