import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { findingsOfRun, type RunFinding } from '../drift/findings-of-run.ts';
import { historyOf, loadSimulator } from '../drift/from-simulator.ts';

interface Flags {
  readonly sim: string;
  readonly scorer: string;
  readonly seeds: string;
  readonly only?: string;
  readonly signals: 'full' | 'poor';
  readonly findings?: true;
}

interface Scorer {
  readonly scoreRun: (truth: unknown, findings: readonly RunFinding[]) => object;
  readonly summarise: (rows: readonly object[]) => unknown;
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
  const [simulator, scorer] = await Promise.all([
    loadSimulator(flags.sim),
    import(pathToFileURL(resolve(flags.scorer)).href) as Promise<Scorer>,
  ]);
  const [from, to = from] = flags.seeds.split('-').map(Number) as [number, number?];
  const only = flags.only?.split(',') ?? [''];
  const rows: object[] = [];
  for (const scenario of Object.keys(simulator.SCENARIOS).filter((name) =>
    only.some((part) => name.startsWith(part)),
  )) {
    for (let seed = from; seed <= to; seed++) {
      const simulated = simulator.simulate({ scenario, seed, signals: flags.signals });
      // The truth goes to the scorer, and nowhere else.
      const findings = findingsOfRun(historyOf(simulated));
      rows.push(scorer.scoreRun(simulated.truth, findings));
      if (flags.findings === true) console.error(scenario, seed, JSON.stringify(findings));
    }
  }
  process.stdout.write(`${JSON.stringify(scorer.summarise(rows), null, 1)}\n`);
}
