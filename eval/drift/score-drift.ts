import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findingsOfRun, type RunFinding } from './findings-of-run.ts';
import { historyOf, loadSimulator } from './from-simulator.ts';

export interface DriftSummary {
  readonly runs: number;
  readonly recall: number | null;
  readonly recallFirstKind: number | null;
  readonly named: number | null;
  readonly falsePerServiceWeekHealthy: number | null;
  readonly falsePerServiceWeekBeforeOnset: number | null;
  readonly perScenario: Readonly<
    Record<
      string,
      {
        readonly runs: number;
        readonly recall: number;
        readonly recallFirstKind: number;
        readonly named: number;
        readonly medianDelayMinutes: number | null;
      }
    >
  >;
  /** False episodes per service-week. */
  readonly healthy: Readonly<Record<string, number>>;
}

interface Scorer {
  readonly scoreRun: (truth: unknown, findings: readonly RunFinding[]) => object;
  readonly summarise: (rows: readonly object[]) => DriftSummary;
}

export interface DriftRuns {
  /** Paths of the simulator and its scorer. */
  readonly simulator: string;
  readonly scorer: string;
  readonly seeds: readonly number[];
  readonly signals: 'full' | 'poor';
  readonly isWanted: (scenario: string) => boolean;
  readonly onRun?: (scenario: string, seed: number, findings: readonly RunFinding[]) => void;
}

/** Simulates runs and scores what is found in them, without writing them to files. */
export async function scoreDrift(runs: DriftRuns): Promise<DriftSummary> {
  const [simulator, scorer] = await Promise.all([
    loadSimulator(runs.simulator),
    import(pathToFileURL(resolve(runs.scorer)).href) as Promise<Scorer>,
  ]);
  const rows: object[] = [];
  for (const scenario of Object.keys(simulator.SCENARIOS).filter(runs.isWanted)) {
    for (const seed of runs.seeds) {
      const simulated = simulator.simulate({ scenario, seed, signals: runs.signals });
      // The truth goes to the scorer, and nowhere else.
      const findings = findingsOfRun(historyOf(simulated));
      rows.push(scorer.scoreRun(simulated.truth, findings));
      runs.onRun?.(scenario, seed, findings);
    }
  }
  return scorer.summarise(rows);
}

/** `3` or `1-20`, both ends included. */
export function seedsOf(text: string): number[] {
  const [from, to = from] = text.split('-').map(Number) as [number, number?];
  return Array.from({ length: Number(to) - from + 1 }, (_, i) => from + i);
}
