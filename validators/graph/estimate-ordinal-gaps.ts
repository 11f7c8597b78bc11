import type { OrdinalTally } from '../../core/ordinal-tally.ts';
import { type Source, sourceKey } from '../../core/source.ts';
import { batchAwareInterval } from '../batch-aware-interval.ts';
import type { WindowEstimate } from '../judge-windows.ts';
import type { Blame, LossEstimate, LossEstimates } from '../loss-estimate.ts';
import { BUCKET_MS, windowsUntil } from '../windows.ts';
import { LossCells } from './loss-cells.ts';

/** Numbers are waited for this long: an export that was overtaken by the next is not a lost one. */
const WAIT_MS = 10_000;
const NUMBERS_MIN = 30;

/**
 * Which share of what a service's processes numbered (plumbline/beacon) never came? Between two numbers that came,
 * every other was emitted, so what is missing is lost: no assumption about who calls whom or what was sampled. The
 * count inside is exact; the interval is of the rate it was drawn from, as missing exports come in runs. Past the last
 * number that came nothing is known: a source cut off altogether is silent here, and shows in its timeliness.
 * Counts as loss what a Collector between filters out or samples by its tail: leave the beacon out behind one.
 * @param tallies of the ten minutes before `nowMs`; the newest ten seconds are left out, their gaps may still fill
 * @see quality.md 3.1 C10
 */
export function estimateOrdinalGaps(tallies: readonly OrdinalTally[], nowMs: number): LossEstimates {
  const untilMs = Math.floor((nowMs - WAIT_MS) / BUCKET_MS) * BUCKET_MS;
  const { fastStartMs, slowStartMs } = windowsUntil(untilMs);
  const bySource = Map.groupBy(
    tallies.filter(({ receiveStartMs }) => receiveStartMs >= slowStartMs && receiveStartMs < untilMs),
    (tally) => sourceKey(sourceOf(tally)),
  );
  return new Map(
    [...bySource].map(([key, own]) => {
      const recent = own.filter(({ receiveStartMs }) => receiveStartMs >= fastStartMs);
      const windows = {
        fast: estimate(recent, fastStartMs, untilMs),
        slow: estimate(own, slowStartMs, untilMs),
      };
      return [key, describe(own, recent, windows)];
    }),
  );
}

function sourceOf({ service, signal }: OrdinalTally): Source {
  return { ...service, serviceInstanceId: '', signal };
}

function estimate(tallies: readonly OrdinalTally[], startMs: number, endMs: number): WindowEstimate {
  const { numbered, arrivals } = total(tallies);
  const cells = new LossCells();
  for (const tally of tallies) cells.add(tally.receiveStartMs, tally.numbered - tally.found, tally.found);
  const counts = { ...cells.counts, batchCount: arrivals };
  const interval = numbered < NUMBERS_MIN ? null : batchAwareInterval(counts);
  return { interval, n: numbered, startMs, endMs, mayPass: true };
}

function describe(
  all: readonly OrdinalTally[],
  recent: readonly OrdinalTally[],
  windows: Pick<LossEstimate, 'fast' | 'slow'>,
): LossEstimate {
  const [ten, fast] = [total(all), total(recent)];
  const missing = fast.numbered - fast.found > 0 ? { ...fast, from: recent } : { ...ten, from: all };
  return {
    id: 'ordinal-gaps',
    kind: 'direct',
    ...windows,
    veto: null,
    blame: blameOf(missing),
    exampleTraceIds: [],
    evidence: {
      numbered: { fast: fast.numbered, slow: ten.numbered },
      missing: { fast: fast.numbered - fast.found, slow: ten.numbered - ten.found },
      gaps: { fast: fast.gaps, slow: ten.gaps },
      exports: { fast: fast.arrivals, slow: ten.arrivals },
      unnumbered: ten.unnumbered,
    },
  };
}

function blameOf(of: {
  readonly numbered: number;
  readonly found: number;
  readonly gaps: number;
  readonly from: readonly OrdinalTally[];
}): Blame | null {
  const missing = of.numbered - of.found;
  if (missing === 0) return null;
  const worst = of.from.reduce((a, b) => (b.numbered - b.found > a.numbered - a.found ? b : a));
  const length = Math.round(missing / Math.max(1, of.gaps));
  const shape = `${missing} numbers are missing in ${of.gaps} ${of.gaps === 1 ? 'run' : 'runs'} of ${length} on average`;
  const where =
    length > 1
      ? 'whole exports: look at the exporter, its errors, and every hop to us'
      : 'single records: look for a full queue or a filter on the way';
  return {
    at: 'source',
    name: worst.service.serviceName,
    text: `${shape}, most at ${worst.worstProcess}; these are ${where}.`,
  };
}

function total(tallies: readonly OrdinalTally[]) {
  const sum = (of: (tally: OrdinalTally) => number) => tallies.reduce((all, tally) => all + of(tally), 0);
  return {
    numbered: sum(({ numbered }) => numbered),
    found: sum(({ found }) => found),
    gaps: sum(({ gaps }) => gaps),
    arrivals: sum(({ arrivals }) => arrivals),
    unnumbered: Math.max(0, ...tallies.map(({ unnumbered }) => unnumbered)),
  };
}
