import type { CohortTally } from '../../core/cohort-tally.ts';
import type { CohortRange } from '../../store/tallies/read-cohorts.ts';
import type { Ages } from '../../validators/time/mature-cohorts.ts';
import { NOW_MS, sourceOf } from './checkout.ts';

/** How a source sends: instances that export every `batchMs`, and batches that now and then are late as a whole. */
export interface Sending {
  readonly perSecond: number;
  readonly instances: number;
  readonly batchMs: number;
  /** Share of delays that begin with a batch, and how many batches in a row share each. */
  readonly lateRatio: number;
  readonly stallBatches: number;
  readonly lateMsMin: number;
  readonly lateMsMax: number;
}

export interface Arrival {
  readonly eventMs: number;
  readonly receivedMs: number;
  readonly instance: number;
}

/** Everything a source sends over the `minutes` before NOW_MS, and what is still on its way then. */
export function simulatedArrivals(of: Sending & { minutes: number; random: () => number }): Arrival[] {
  const { random } = of;
  const arrivals: Arrival[] = [];
  const perBatch = (of.perSecond * of.batchMs) / 1_000 / of.instances;
  for (let instance = 0; instance < of.instances; instance++) {
    let stalled = 0;
    const phaseMs = random() * of.batchMs;
    for (let startMs = NOW_MS - of.minutes * 60_000 - phaseMs; startMs < NOW_MS; startMs += of.batchMs) {
      if (stalled === 0 && random() < of.lateRatio / of.stallBatches) stalled = of.stallBatches;
      const lateMs = stalled > 0 ? of.lateMsMin + random() * (of.lateMsMax - of.lateMsMin) : 0;
      stalled = Math.max(0, stalled - 1);
      const receivedMs = startMs + of.batchMs + 20 + random() * 100 + lateMs;
      // Bursty: a batch holds half to one and a half of what is usual.
      const count = Math.round(perBatch * (0.5 + random()));
      for (let i = 0; i < count; i++) {
        const eventMs = startMs + random() * of.batchMs;
        if (eventMs < NOW_MS) arrivals.push({ eventMs, receivedMs, instance });
      }
    }
  }
  return arrivals;
}

/** The cohorts that a query with exact cells would read at `nowMs`, of what has arrived by then. */
export function cohortsOf(arrivals: readonly Arrival[], range: CohortRange, nowMs = NOW_MS): CohortTally[] {
  const bucket = (ms: number) => Math.floor(ms / 5_000);
  const here = arrivals.filter(({ receivedMs }) => receivedMs <= nowMs);
  const byBucket = Map.groupBy(here, ({ eventMs }) => bucket(eventMs));
  const cohorts: CohortTally[] = [];
  const firstMs = Math.ceil(range.fromMs / range.stepMs) * range.stepMs;
  for (let askedMs = firstMs; askedMs <= range.untilMs; askedMs += range.stepMs) {
    const [startMs, endMs] = [askedMs - range.oldestMs, askedMs - range.youngestMs];
    const batches = new Map<string, number>();
    let [items, latenessMsMax, hereItems] = [0, 0, 0];
    for (let cell = bucket(startMs); cell <= bucket(endMs); cell++) {
      for (const { eventMs, receivedMs, instance } of byBucket.get(cell) ?? []) {
        if (eventMs < startMs || eventMs >= endMs) continue;
        const batch = `${instance} ${bucket(receivedMs)}`;
        batches.set(batch, (batches.get(batch) ?? 0) + 1);
        items++;
        latenessMsMax = Math.max(latenessMsMax, receivedMs - eventMs);
        if (receivedMs < askedMs) hereItems++;
      }
    }
    const batchItemsSquared = [...batches.values()].reduce((sum, count) => sum + count ** 2, 0);
    const source = sourceOf('traces');
    if (items > 0) {
      cohorts.push({ source, askedMs, startMs, endMs, items, hereItems, latenessMsMax, batchItemsSquared });
    }
  }
  return cohorts;
}

/** Share of the events of these ages at `nowMs` that are here by then; null of no event. */
export function shareHere(arrivals: readonly Arrival[], ages: Ages, nowMs = NOW_MS): number | null {
  const asked = arrivals.filter(
    ({ eventMs }) => eventMs >= nowMs - ages.oldestMs && eventMs < nowMs - ages.youngestMs,
  );
  const here = asked.filter(({ receivedMs }) => receivedMs <= nowMs);
  return asked.length === 0 ? null : here.length / asked.length;
}
