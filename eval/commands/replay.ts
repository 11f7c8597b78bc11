import { Command } from 'commander';
import { textTable } from '../../main/text-table.ts';
import { loadSimulator } from '../drift/from-simulator.ts';
import { type Compared, compareRun, type Told } from '../drift/replay-run.ts';
import { seedsOf } from '../drift/score-drift.ts';
import { positive } from './positive.ts';

const HEADS = ['RUN', 'KIND', 'SUBJECT', 'CULPRIT', 'ONSET (MIN)', 'DETECTED (MIN)', ''];

interface Flags {
  readonly sim: string;
  readonly seeds: string;
  readonly only: string;
  readonly days: number;
  readonly referenceDays: number;
  readonly signals: 'full' | 'poor';
  readonly json?: true;
}

export function replayCommand(): Command {
  return new Command('replay')
    .description(
      'does a run that is sent as OTLP through "plumbline replay" give the same findings as directly?',
    )
    .option('--sim <FILE>', 'the simulator', '../shared/sim/sim.mjs')
    .option('--seeds <FROM-TO>', 'seeds, both ends included', '1')
    .option(
      '--only <SCENARIOS>',
      'names or beginnings of names, with commas',
      'metastable_cache,breaker_stuck,config_drift,restart_loop,autoscaler_osc,healthy_base',
    )
    .option('--days <N>', 'length of each run', positive, 14)
    .option('--reference-days <N>', 'how many of them, from the first, are accepted as normal', positive, 4)
    .option('--signals <WHICH>', 'full or poor', 'full')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit codes: 0 the same, 1 not.\n\nExample:\n  npm run -s eval -- replay --only breaker_stuck,healthy_base\n',
    )
    .action(run);
}

async function run({ sim, seeds, only, days, referenceDays, signals, json }: Flags): Promise<void> {
  const simulator = await loadSimulator(sim);
  const wanted = only.split(',');
  const scenarios = Object.keys(simulator.SCENARIOS).filter((name) =>
    wanted.some((part) => name.startsWith(part)),
  );
  const results: { name: string; compared: Compared[] }[] = [];
  for (const scenario of scenarios) {
    for (const seed of seedsOf(seeds)) {
      const compared = await compareRun(simulator.simulate({ scenario, seed, days, signals }), referenceDays);
      results.push({ name: `${scenario} ${seed}`, compared });
      console.error(`${scenario} ${seed}: ${summaryOf(compared)}`);
    }
  }
  if (json === true) process.stdout.write(`${JSON.stringify(results)}\n`);
  else process.stdout.write(textTable(HEADS, results.flatMap(rowsOf)));
  const areSame =
    results.length > 0 && results.every(({ compared }) => compared.every(({ isSame }) => isSame));
  process.exitCode = areSame ? 0 : 1;
}

function summaryOf(compared: readonly Compared[]): string {
  if (compared.length === 0) return 'nothing found, either way';
  return `${compared.filter(({ isSame }) => isSame).length} of ${compared.length} the same`;
}

function rowsOf({ name, compared }: { name: string; compared: readonly Compared[] }): string[][] {
  if (compared.length === 0) return [[name, '', '', '', '', '', 'same: nothing, either way']];
  return compared.map(({ direct, replayed, isSame }) => {
    const both = (value: (told: Told) => string | number | null) => {
      const [one, other] = [direct, replayed].map((told) => (told === null ? 'none' : (value(told) ?? '-')));
      return one === other ? String(one) : `${one}, replayed ${other}`;
    };
    const { kind, subject } = (direct ?? replayed) as Told;
    return [
      name,
      kind,
      subject,
      both(({ culprit }) => culprit),
      both(({ onsetMinute }) => onsetMinute),
      both(({ detectedMinute }) => detectedMinute),
      isSame ? 'same' : 'different',
    ];
  });
}
