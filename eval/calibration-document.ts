import type { Calibration } from './calibrate.ts';
import { ALARM_HEADS, alarmRow, COVERAGE_HEADS, coverageRow } from './calibration-rows.ts';

/** docs/calibration.md: what was measured, on what, and how to measure it again. */
export function calibrationDocument(
  results: readonly Calibration[],
  of: { readonly date: string; readonly machine: string; readonly command: string; readonly seconds: number },
): string {
  return `# Calibration

Faults are injected into simulated telemetry; each check is then asked what it sees, and held against what was true.
No check reads the truth. Measured again, and this page written, by \`${of.command}\`.

- ${of.date}, in ${Math.round(of.seconds)} s
${of.machine
  .split('\n')
  .map((line) => `- ${line}`)
  .join('\n')}
- seeds: 1, 2, 3 … for the runs of each case of coverage; 1, 2, 3 … for the fleets of each case of alarms

**Held in** is the share of runs whose interval, nominally 95 %, held the truth, beside the 95 % (Wilson) interval of
that share itself; *unknown* runs saw too little to say anything and count neither way. **FAIL** counts verdicts where
nothing was lost, so that each is false; an *episode* is a run of FAILs of one source, what a person would hear of.

${results.map(sectionOf).join('\n')}`;
}

function sectionOf({ title, coverage, alarms }: Calibration): string {
  const exposures = [...new Set(alarms.map(({ exposure }) => exposure))];
  const examples = alarms.flatMap(({ condition, examples }) =>
    examples.map((example) => `- ${condition}: ${example}`),
  );
  return [
    `## ${title}\n`,
    ...(coverage.length === 0 ? [] : [table(COVERAGE_HEADS, coverage.map(coverageRow))]),
    ...(alarms.length === 0 ? [] : [`${exposures.join('; ')}.\n`, table(ALARM_HEADS, alarms.map(alarmRow))]),
    ...(examples.length === 0 ? [] : [`What failed:\n\n${examples.join('\n')}\n`]),
  ].join('\n');
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return `${[line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}
