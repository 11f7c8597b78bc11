import { Command } from 'commander';
import { scoreDrift, seedsOf } from '../drift/score-drift.ts';

interface Flags {
  readonly sim: string;
  readonly scorer: string;
  readonly seeds: string;
  readonly only?: string;
  readonly signals: 'full' | 'poor';
  readonly findings?: true;
}

export function driftScoreboardCommand(): Command {
  return new Command('drift-scoreboard')
    .description('simulates runs and scores what is found in them, without writing them to files')
    .option('--sim <FILE>', 'the simulator', '../shared/sim/sim.mjs')
    .option('--scorer <FILE>', 'its scorer', '../shared/eval/score-drift.mjs')
    .option('--seeds <FROM-TO>', 'seeds, both ends included', '1-4')
    .option('--only <SCENARIOS>', 'names or beginnings of names, with commas')
    .option('--signals <WHICH>', 'full or poor', 'full')
    .option('--findings', 'print the findings of each run on standard error')
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const only = flags.only?.split(',') ?? [''];
  const summary = await scoreDrift({
    simulator: flags.sim,
    scorer: flags.scorer,
    seeds: seedsOf(flags.seeds),
    signals: flags.signals,
    isWanted: (scenario) => only.some((part) => scenario.startsWith(part)),
    ...(flags.findings === true
      ? { onRun: (scenario, seed, findings) => console.error(scenario, seed, JSON.stringify(findings)) }
      : {}),
  });
  process.stdout.write(`${JSON.stringify(summary, null, 1)}\n`);
}
