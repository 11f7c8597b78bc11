import type { Calibration } from './calibrate.ts';
import { ALARM_HEADS, alarmRow, COVERAGE_HEADS, coverageRow } from './calibration-rows.ts';

/** How figures came about, so that they can be had again. */
export interface Provenance {
  readonly date: string;
  readonly machine: string;
  readonly command: string;
}

const HEAD = `# Calibration

Faults are injected into simulated telemetry; each check is then asked what it sees, and held against what was true.
No check reads the truth. \`npm run -s eval -- calibration --write\` measures all sections anew and writes this page,
with \`--only GROUP\` one of them; each says what it was measured with.

**Held in** is the share of runs whose interval, nominally 95 %, held the truth, beside the 95 % (Wilson) interval of
that share itself; *unknown* runs saw too little to say anything and count neither way. *wide* intervals held it
more often than was asked: they are true, and could be narrower. The seeds of runs are 1, 2, 3 …

**FAIL** counts verdicts where nothing was wrong, so that each is false; an *episode* is a run of FAILs of one source,
what a person would hear of. The seeds of fleets are 1, 2, 3 …
`;

/** docs/calibration.md with these sections in the place of those of the same title; the others stay as they are. */
export function calibrationDocument(
  before: string,
  results: readonly Calibration[],
  provenance: Provenance,
): string {
  const sections = new Map(sectionsOf(before));
  for (const result of results) sections.set(result.title, sectionOf(result, provenance));
  return [HEAD, ...[...sections].map(([title, text]) => `## ${title}\n\n${text.trim()}\n`)].join('\n');
}

function sectionsOf(document: string): [string, string][] {
  return document
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const titleEnd = section.indexOf('\n');
      return [section.slice(0, titleEnd), section.slice(titleEnd + 1)];
    });
}

function sectionOf({ coverage, alarms }: Calibration, { date, machine, command }: Provenance): string {
  const exposures = [...new Set(alarms.map(({ exposure }) => exposure))];
  const examples = alarms.flatMap(({ check, condition, examples }) =>
    examples.map((example) => `- ${check}, ${condition}: ${example}`),
  );
  return [
    `${date}, \`${command}\`, on ${machine.replaceAll('\n', '; ')}.\n`,
    ...(coverage.length === 0 ? [] : [table(COVERAGE_HEADS, coverage.map(coverageRow))]),
    ...(alarms.length === 0 ? [] : [`${exposures.join('; ')}.\n`, table(ALARM_HEADS, alarms.map(alarmRow))]),
    ...(examples.length === 0 ? [] : [`What failed:\n\n${examples.join('\n')}\n`]),
  ].join('\n');
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return `${[line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}
