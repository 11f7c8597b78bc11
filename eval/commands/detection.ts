import { Command, Option } from 'commander';
import { machineText } from '../../bench/report/machine.ts';
import { quantile } from '../../bench/report/ratios.ts';
import { textTable } from '../../main/text-table.ts';
import { detectLive } from '../detection/detect-live.ts';
import { detectVirtually } from '../detection/detect-virtually.ts';
import { SCENARIOS, type Scenario } from '../detection/scenarios.ts';
import type { Detection } from '../detection/watch.ts';
import { positive } from './positive.ts';

const HEADS = [
  '',
  'what happens, what must be said',
  'within',
  'median',
  'worst',
  'in time',
  'neighbours failed',
  'passed before',
];

/** Of runs: a loss of 5 % shows in its first lost batch, and in one run of twelve none is lost for a minute. */
const IN_TIME_MIN = 0.9;

interface Flags {
  readonly runs: number;
  readonly realTime?: true;
  readonly only?: string;
  readonly json?: true;
}

export function detectionCommand(): Command {
  const names = SCENARIOS.map(({ prefix }) => prefix.slice(0, -1));
  return new Command('detection')
    .description('how long from a fault to the verdict that says so, at 100 spans/s?')
    .option('--runs <N>', 'seeded runs of each scenario in virtual time', positive, 10)
    .option(
      '--real-time',
      'one run by the clock, over OTLP/HTTP to a running server; takes a quarter of an hour',
    )
    .addOption(new Option('--only <SCENARIO>', 'one scenario').choices(names))
    .option('--json', 'print the figures as JSON')
    .addHelpText('after', '\nExamples:\n  npm run -s eval -- detection --only lose20\n')
    .action(run);
}

async function run({ runs, realTime, only, json }: Flags): Promise<void> {
  const scenarios = SCENARIOS.filter(({ prefix }) => only === undefined || prefix === `${only}-`);
  const results = realTime === true ? await live(scenarios) : await virtually(scenarios, runs);
  if (json === true) {
    const all = results.map(({ scenario, detections }) => ({
      name: scenario.name,
      withinMs: scenario.withinMs,
      detections,
    }));
    process.stdout.write(`${JSON.stringify({ machine: machineText(), results: all })}\n`);
  } else process.stdout.write(textTable(HEADS, results.map(row)));
}

interface Result {
  readonly scenario: Scenario;
  readonly detections: readonly Detection[];
}

async function virtually(scenarios: readonly Scenario[], runs: number): Promise<Result[]> {
  const results: Result[] = [];
  for (const scenario of scenarios) {
    results.push({ scenario, detections: await detectVirtually(scenario, runs) });
  }
  return results;
}

async function live(scenarios: readonly Scenario[]): Promise<Result[]> {
  const detections = await detectLive(scenarios, 1);
  return scenarios.map((scenario, index) => ({ scenario, detections: [detections[index] as Detection] }));
}

function row({ scenario, detections }: Result): string[] {
  const times = detections.map(({ afterMs }) => afterMs ?? Number.POSITIVE_INFINITY);
  const inTime = times.filter((ms) => ms <= scenario.withinMs).length;
  const passed = detections.filter(({ passedBefore }) => passedBefore).length;
  const neighbours = detections.filter(({ neighbourFails }) => neighbourFails > 0).length;
  const isMet = inTime >= IN_TIME_MIN * times.length && passed === times.length && neighbours === 0;
  const count = (n: number) => `${n} of ${times.length}`;
  return [
    isMet ? 'met' : 'MISSED',
    scenario.name,
    seconds(scenario.withinMs),
    seconds(quantile(times, 0.5)),
    seconds(Math.max(...times)),
    count(inTime),
    count(neighbours),
    count(passed),
  ];
}

function seconds(ms: number): string {
  return Number.isFinite(ms) ? `${(ms / 1_000).toFixed(0)} s` : 'never';
}
