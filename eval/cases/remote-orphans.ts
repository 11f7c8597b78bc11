import { serviceKey } from '../../core/service-key.ts';
import { measureLoss } from '../../validators/measure-loss.ts';
import { FAST_MS, SLOW_MS } from '../../validators/windows.ts';
import { inject } from '../faults/fault.ts';
import { loseBatches, loseRecords } from '../faults/lose.ts';
import { Truth } from '../faults/truth.ts';
import { drawFrom } from '../traffic/draw.ts';
import { edgesOf } from '../traffic/edges-of.ts';
import { makeTraffic } from '../traffic/make-traffic.ts';
import { oneEdge } from '../traffic/one-edge.ts';
import type { CaseGroup, CoverageCase } from './case.ts';

/** Any multiple of 5 s: windows begin on their buckets. */
const START_MS = 1_800_000_000_000;
/** Traffic before and after the window, so that its edges are like its middle. */
const MARGIN_MS = 10_000;
const RATIOS = [0.005, 0.02, 0.05, 0.2];
const CALLS_PER_SECOND = 20;
const CALLER = serviceKey({ tenant: 'eval', serviceNamespace: 'eval', serviceName: 'caller' });

interface Setting {
  readonly window: 'fast' | 'slow';
  readonly by: 'record' | 'batch';
  readonly ratio: number;
  readonly exportMs: number;
  readonly instances: number;
}

/** C5: how much of a caller's spans is lost, by its callee's orphans. The truth is the rate it is made to lose at. */
export function remoteOrphans(): CaseGroup {
  const exports = [
    { exportMs: 1_000, instances: 1 },
    { exportMs: 5_000, instances: 4 },
  ];
  const coverage = (['fast', 'slow'] as const).flatMap((window) =>
    exports.flatMap((way) =>
      (['record', 'batch'] as const).flatMap((by) =>
        RATIOS.map((ratio) => caseOf({ window, by, ratio, ...way })),
      ),
    ),
  );
  return { name: 'orphans', title: 'C5: lost share of a caller by remote orphans', coverage, alarms: [] };
}

function caseOf(setting: Setting): CoverageCase {
  const { window, by, ratio, exportMs, instances } = setting;
  const exports = `${instances} × ${exportMs / 1_000} s exports`;
  return {
    check: `C5 remote orphans, ${window === 'fast' ? '40 s' : '10 min'}`,
    fault: `${100 * ratio} % ${by === 'record' ? 'records, each alone' : 'whole batches'}, ${exports}`,
    holds: 'interval',
    goal: { min: 0.93, max: 0.98 },
    run: (seed) => observe(setting, seed),
  };
}

function observe({ window, by, ratio, exportMs, instances }: Setting, seed: number) {
  const lengthMs = (window === 'fast' ? FAST_MS : SLOW_MS) + 2 * MARGIN_MS;
  const fleet = oneEdge({ perSecond: CALLS_PER_SECOND, exportMs, instances });
  const traffic = makeTraffic(fleet, { seed, tenant: 'eval', startMs: START_MS });
  const lose = by === 'record' ? loseRecords : loseBatches;
  const where = { serviceName: 'caller' };
  const arrived = inject(
    traffic.until(START_MS + lengthMs),
    [lose(where, ratio, drawFrom(seed + 0x5eed))],
    new Truth(),
  );
  const settled = { untilMs: START_MS + lengthMs - MARGIN_MS, lagMs: 5_000 };
  const interval = measureLoss(edgesOf(arrived), settled, new Set())[window].get(CALLER)?.interval;
  return { lower: interval?.lower ?? null, upper: interval?.upper ?? null, truth: ratio };
}
