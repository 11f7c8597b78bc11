import { serviceKey } from '../../core/service-key.ts';
import { measureLoss } from '../../validators/measure-loss.ts';
import { FAST_MS, SLOW_MS } from '../../validators/windows.ts';
import { inject } from '../faults/fault.ts';
import { loseBatches, loseRecords } from '../faults/lose.ts';
import { Truth } from '../faults/truth.ts';
import { drawFrom } from '../traffic/draw.ts';
import { edgesOf } from '../traffic/edges-of.ts';
import type { Fleet } from '../traffic/fleet.ts';
import { makeTraffic } from '../traffic/make-traffic.ts';
import { oneEdge } from '../traffic/one-edge.ts';
import { smallShop } from '../traffic/small-shop.ts';
import type { CaseGroup, CoverageCase, Observation } from './case.ts';

/** Any multiple of 5 s: windows begin on their buckets. */
const START_MS = 1_800_000_000_000;
/** Traffic before and after the window, so that its edges are like its middle. */
const MARGIN_MS = 10_000;
const RATIOS = [0.005, 0.02, 0.05, 0.2];
const CALLS_PER_SECOND = 20;
const WINDOWS = [
  { window: 'fast', lengthMs: FAST_MS, text: '40 s' },
  { window: 'slow', lengthMs: SLOW_MS, text: '10 min' },
] as const;
const KINDS = [
  { lose: loseRecords, text: 'records, each alone' },
  { lose: loseBatches, text: 'whole batches' },
];

interface Setting {
  readonly fleet: Fleet;
  readonly text: string;
  readonly loser: string;
  readonly goal: CoverageCase['goal'];
}

/** 93 to 98 % where the orphans are one caller's: both ends are then plain ends of a 95 % interval. */
const EXACT = { min: 0.93, max: 0.98 };
/** Where another caller may be to blame, the ends are bounds, wider by what cannot be told apart. */
const BOUNDS = { min: 0.93, max: 1 };

/** C5: how much of a caller's spans is lost, by its callees' orphans. The truth is the rate it is made to lose at. */
export function remoteOrphans(): CaseGroup {
  const alone = [
    { exportMs: 1_000, instances: 1 },
    { exportMs: 5_000, instances: 4 },
  ].map(({ exportMs, instances }) => ({
    fleet: oneEdge({ perSecond: CALLS_PER_SECOND, exportMs, instances }),
    text: `${instances} × ${exportMs / 1_000} s exports`,
    loser: 'caller',
    goal: EXACT,
  }));
  const shared = {
    fleet: smallShop({ prefix: '', spansPerSecond: 100, exportMs: 1_000 }),
    text: 'one of its two callees is shared',
    loser: 'checkout',
    goal: BOUNDS,
  };
  return {
    name: 'orphans',
    title: 'C5: lost share of a caller by remote orphans',
    coverage: [...alone.flatMap((setting) => casesOf(setting, RATIOS)), ...casesOf(shared, [0.05])],
    alarms: [],
  };
}

function casesOf(setting: Setting, ratios: readonly number[]): CoverageCase[] {
  return WINDOWS.flatMap(({ window, lengthMs, text }) =>
    KINDS.flatMap((kind) =>
      ratios.map((ratio) => ({
        check: `C5 remote orphans, ${text}`,
        fault: `${100 * ratio} % ${kind.text}, ${setting.text}`,
        holds: 'interval' as const,
        goal: setting.goal,
        run: (seed: number) => observe(setting, { window, lengthMs, ratio, lose: kind.lose, seed }),
      })),
    ),
  );
}

function observe(
  { fleet, loser }: Setting,
  of: {
    readonly window: 'fast' | 'slow';
    readonly lengthMs: number;
    readonly ratio: number;
    readonly lose: typeof loseRecords;
    readonly seed: number;
  },
): Observation {
  const { ratio, seed } = of;
  const untilMs = START_MS + MARGIN_MS + of.lengthMs;
  const traffic = makeTraffic(fleet, { seed, tenant: 'eval', startMs: START_MS });
  const fault = of.lose({ serviceName: loser }, ratio, drawFrom(seed + 0x5eed));
  const arrived = inject(traffic.until(untilMs + MARGIN_MS), [fault], new Truth());
  const loss = measureLoss(edgesOf(arrived), { untilMs, lagMs: 5_000 }, new Set());
  const key = serviceKey({ tenant: 'eval', serviceNamespace: 'eval', serviceName: loser });
  const interval = loss[of.window].get(key)?.interval;
  return { lower: interval?.lower ?? null, upper: interval?.upper ?? null, truth: ratio };
}
