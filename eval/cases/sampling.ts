import { checkSource } from '../../validators/sampling/check-source.ts';
import {
  type CheckId,
  SAMPLING_POLICY,
  type SamplingPolicy,
} from '../../validators/sampling/sampling-check.ts';
import {
  type SampledSource,
  SLOW_MS,
  SOUND,
  simulateLogs,
  simulateSource,
} from '../simulators/sampled-source.ts';
import { type Draw, drawFrom } from '../traffic/draw.ts';
import type { AlarmCase, AlarmCount, CaseGroup, CoverageCase } from './case.ts';

/** At 1e-9 nobody can count alarms; the checks take alpha as a parameter, and this one can be measured. */
const ALPHA = 0.01;
const NULL_RUNS = 2_000;
const SURE = SAMPLING_POLICY.alpha;

interface Null {
  readonly check: CheckId;
  readonly condition: string;
  readonly source: SampledSource;
}

/** Where nothing is wrong; of c4 and c9, which tolerate a share, as much as they tolerate. */
const NULLS: readonly Null[] = [
  { check: 'c1', condition: 'consistent at 10 %', source: SOUND },
  { check: 'c2', condition: 'consistent at 10 %, 1,000 traces', source: SOUND },
  {
    check: 'c2',
    condition: 'hash_seed at 10 %: 14 bits, of which 1,638 cells are kept',
    source: { ...SOUND, threshold: 'e668', hasHashSeed: true },
  },
  {
    check: 'c2',
    condition: 'hash_seed at 0.2 %: 32 cells are kept',
    source: { ...SOUND, threshold: 'ff8', hasHashSeed: true, requestsPerWindow: 50_000 },
  },
  { check: 'c3', condition: 'consistent at 10 %, 1,000 sampled spans', source: SOUND },
  {
    check: 'c3',
    condition: 'consistent at 10 %, 20 sampled spans',
    source: { ...SOUND, requestsPerWindow: 20 },
  },
  {
    check: 'c3',
    condition: 'consistent at 50 %',
    source: { ...SOUND, threshold: '8', requestsPerWindow: 200 },
  },
  { check: 'c4', condition: '1 % of the parents are missing', source: { ...SOUND, parentsMissing: 0.01 } },
  { check: 'c5', condition: '5 % errors, 10 % slow, sampled at 10 %', source: SOUND },
  { check: 'c7', condition: 'random ids, 1,000 traces', source: SOUND },
  { check: 'c8', condition: 'a steady 10 %', source: SOUND },
  {
    check: 'c8',
    condition: 'a steady 7 % where 10 % are declared',
    source: { ...SOUND, arrives: () => 0.7 },
  },
  { check: 'c9', condition: '1 % of the spans carry no weight', source: { ...SOUND, weightless: 0.01 } },
  { check: 'c6', condition: 'records of all traces, sampled at 10 %', source: SOUND },
  {
    check: 'c6',
    condition: 'records of all traces, of 1 % of the sampled no span is here',
    source: { ...SOUND, tracesMissing: 0.01 },
  },
  {
    check: 'c10',
    condition: 'of 1 % of the traces with an exemplar no span is here',
    source: { ...SOUND, exemplars: 0.5, tracesMissing: 0.01 },
  },
  { check: 'c11', condition: 'a tenth of the spans arrive again', source: { ...SOUND, copied: 0.1 } },
];

interface Fault {
  readonly check: CheckId;
  readonly fault: string;
  readonly alpha: number;
  readonly source: SampledSource;
}

/** Sampled spans that the table of sampling.md needs for a power of 0.99, as expected where nothing is wrong. */
const TABLE: readonly {
  readonly p: string;
  readonly threshold: string;
  readonly deviation: number;
  readonly alpha: number;
  readonly spans: number;
}[] = [
  { p: '10 %', threshold: 'e666', deviation: 0.1, alpha: 1e-9, spans: 6_243 },
  { p: '10 %', threshold: 'e666', deviation: 0.2, alpha: 1e-9, spans: 1_518 },
  { p: '10 %', threshold: 'e666', deviation: 0.1, alpha: 1e-6, spans: 4_551 },
  { p: '50 %', threshold: '8', deviation: 0.1, alpha: 1e-9, spans: 3_549 },
  { p: '50 %', threshold: '8', deviation: 0.2, alpha: 1e-6, spans: 643 },
  { p: '1 %', threshold: 'fd70a', deviation: 0.2, alpha: 1e-9, spans: 1_662 },
];
const RATIO_OF: Readonly<Record<string, number>> = { '10 %': 0.1, '50 %': 0.5, '1 %': 0.01 };

const FAULTS: readonly Fault[] = [
  ...TABLE.map(({ p, threshold, deviation, alpha, spans }) => ({
    check: 'c3' as const,
    fault: `${100 * deviation} % of ${spans} spans sampled at ${p} are missing`,
    alpha,
    source: {
      ...SOUND,
      windows: 1,
      threshold,
      requestsPerWindow: Math.round(spans / (RATIO_OF[p] as number)),
      arrives: () => 1 - deviation,
    },
  })),
  {
    check: 'c8',
    fault: '10 % fell to 6 % half way, 600 spans sampled before',
    alpha: 1e-3,
    source: { ...SOUND, requestsPerWindow: 1_200, arrives: (window) => (window < 5 ? 1 : 0.6) },
  },
  {
    check: 'c5',
    fault: 'half of 5 % errors are lost of 4,000 sampled spans',
    alpha: 1e-6,
    source: { ...SOUND, requestsPerWindow: 4_000, errorsLost: 0.5 },
  },
  {
    check: 'c10',
    fault: '10 % of 500 traces with an exemplar are not here',
    alpha: 1e-9,
    // Of those kept the rarer 91 % lie in whole bins.
    source: { ...SOUND, requestsPerWindow: 550, exemplars: 1, tracesMissing: 0.1 },
  },
];

/** Sampling: false alarms near the stated ones, intervals that hold the ratio, and power where the table has it. */
export function sampling(): CaseGroup {
  return {
    name: 'sampling',
    title: 'Sampling: adjusted counts, classes, ids, drift (held in: power, where a fault is named)',
    coverage: [intervalCase(), ...FAULTS.map(powerCase)],
    alarms: NULLS.map(nullCase),
  };
}

function policyAt(alpha: number): SamplingPolicy {
  return { ...SAMPLING_POLICY, alpha, lifetimeAlpha: alpha, tolerance: 0 };
}

function logsOfAllTraces(source: SampledSource, draw: Draw) {
  return simulateLogs({ ...source, follow: false }, draw);
}

function judge(
  check: CheckId,
  source: SampledSource,
  { seed, policy }: { seed: number; policy: SamplingPolicy },
) {
  const windows = (check === 'c6' ? logsOfAllTraces : simulateSource)(source, drawFrom(seed));
  return checkSource(windows, { slowMs: SLOW_MS, isSamePopulation: true }, policy);
}

function intervalCase(): CoverageCase {
  return {
    check: 'c3 Y/N, 95 %',
    fault: '7 % of 1,000 spans sampled at 10 % are missing',
    holds: 'interval',
    goal: { min: 0.93, max: 0.98 },
    run: (seed) => {
      const policy = { ...policyAt(SURE), passAlpha: 0.05 };
      const { lower, upper } = judge('c3', { ...SOUND, arrives: () => 0.93 }, { seed, policy }).c3;
      return { lower, upper, truth: 0.93 };
    },
  };
}

/** Power in the words of coverage: it holds where the fault is told, as the chance of FAIL is 1 then. */
function powerCase({ check, fault, alpha, source }: Fault): CoverageCase {
  return {
    check: `${check} alarm at ${alpha}`,
    fault,
    holds: 'upper',
    goal: { min: 0.97, max: 1 },
    run: (seed) => {
      const { outcome } = judge(check, source, { seed, policy: policyAt(alpha) })[check];
      return { lower: null, upper: Number(outcome === 'fail'), truth: 1 };
    },
  };
}

function nullCase({ check, condition, source }: Null): AlarmCase {
  return {
    name: `${check}: ${condition}`,
    run: async ({ seed }): Promise<AlarmCount[]> => {
      let fails = 0;
      let passes = 0;
      for (let run = 0; run < NULL_RUNS; run++) {
        const { outcome } = judge(check, source, { seed: seed + run, policy: policyAt(ALPHA) })[check];
        fails += Number(outcome === 'fail');
        passes += Number(outcome === 'pass');
      }
      return [
        {
          check,
          condition: `${condition}, alpha ${ALPHA}`,
          exposure: `${NULL_RUNS} sources, ten windows each`,
          verdicts: NULL_RUNS,
          passes,
          fails,
          episodes: fails,
          failRatioMax: 2 * ALPHA,
          examples: [],
        },
      ];
    },
  };
}
