import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { machineText } from '../../bench/report/machine.ts';
import { textTable } from '../../main/text-table.ts';
import { type Calibration, calibrate } from '../calibrate.ts';
import { calibrationDocument } from '../calibration-document.ts';
import { ALARM_HEADS, alarmRow, COVERAGE_HEADS, coverageRow } from '../calibration-rows.ts';
import { GROUPS } from '../cases/groups.ts';
import { positive } from './positive.ts';

const DOCUMENT = join(import.meta.dirname, '../../docs/calibration.md');
const DAYS = 7;

interface Flags {
  readonly runs: number;
  readonly hours: number;
  readonly every: number;
  readonly seed: number;
  readonly only?: string;
  readonly json?: true;
  readonly write?: true;
}

export function calibrationCommand(): Command {
  return new Command('calibration')
    .description(
      'inject faults into simulated telemetry: do intervals hold the truth, and who fails without reason?',
    )
    .option('--runs <N>', 'seeded runs of each case of coverage', positive, 200)
    .option('--hours <N>', 'virtual hours of healthy traffic', positive, 24 * DAYS)
    .option('--every <SECONDS>', 'how often is judged in virtual time, a multiple of 5', everySeconds, 60)
    .option('--seed <N>', 'of the fleets of alarm cases: other seeds, other hours', positive, 1)
    .addOption(new Option('--only <GROUP>', 'one group of cases').choices(GROUPS.map(({ name }) => name)))
    .option('--write', 'write the measured sections of docs/calibration.md')
    .option('--json', 'print the figures as JSON')
    .addHelpText('after', '\nExamples:\n  npm run -s eval -- calibration --only orphans --runs 50\n')
    .action(run);
}

async function run({ runs, hours, every, seed, only, json, write }: Flags): Promise<void> {
  const machine = machineText();
  const groups = GROUPS.filter(({ name }) => only === undefined || name === only);
  const onCase = (name: string) => {
    if (process.stderr.isTTY) process.stderr.write(`\u001b[2K\r${name.slice(0, 100)}`);
  };
  const results = await calibrate(groups, { runs, hours, everyMs: every * 1_000, seed, onCase });
  if (process.stderr.isTTY) process.stderr.write('\u001b[2K\r');
  if (write === true) {
    const options = `--runs ${runs} --hours ${hours} --every ${every} --seed ${seed}`;
    const command = `npm run -s eval -- calibration${only === undefined ? '' : ` --only ${only}`} ${options}`;
    const provenance = { date: new Date().toISOString().slice(0, 10), machine, command };
    const before = existsSync(DOCUMENT) ? await readFile(DOCUMENT, 'utf8') : '';
    await writeFile(DOCUMENT, calibrationDocument(before, results, provenance));
  }
  process.stdout.write(
    json === true ? `${JSON.stringify({ machine, results })}\n` : results.map(textOf).join('\n'),
  );
}

function textOf({ title, coverage, alarms }: Calibration): string {
  return [
    `${title}\n`,
    ...(coverage.length === 0 ? [] : [textTable(COVERAGE_HEADS, coverage.map(coverageRow))]),
    ...(alarms.length === 0 ? [] : [textTable(ALARM_HEADS, alarms.map(alarmRow))]),
    ...alarms.flatMap(({ condition, examples }) => examples.map((example) => `  ${condition}: ${example}\n`)),
  ].join('');
}

function everySeconds(text: string): number {
  const value = positive(text);
  if (value % 5 !== 0) throw new InvalidArgumentError('Windows are settled every 5 s: take a multiple of 5.');
  return value;
}
