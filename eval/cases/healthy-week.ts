import { AlarmCounter } from '../engine/count-alarms.ts';
import { liveThrough, ticksUntil } from '../engine/live-through.ts';
import { virtualStartMs, withEngine } from '../engine/with-engine.ts';
import { makeTraffic } from '../traffic/make-traffic.ts';
import { tenServices } from '../traffic/ten-services.ts';
import type { AlarmCount, AlarmOptions, CaseGroup } from './case.ts';

/** A week of hours is lived by so many fleets at once, each its part of the week. */
const FLEETS = 24;
const ROOTS_PER_SECOND = 1;
/** Of FAIL verdicts among all: a 95 % interval errs on its failing side in 2.5 %, at the limit; health is far below. */
const FAIL_RATIO_MAX = 0.001;

/** No fault at all: every FAIL is a false alarm. */
export function healthyWeek(): CaseGroup {
  return {
    name: 'healthy',
    title: 'False alarms on healthy traffic of ten services',
    coverage: [],
    alarms: [{ name: 'healthy week', run: live }],
  };
}

async function live({ hours, everyMs, seed }: AlarmOptions): Promise<AlarmCount[]> {
  const startMs = virtualStartMs();
  const hoursEach = hours / FLEETS;
  const lives = Array.from({ length: FLEETS }, (_, index) => {
    const of = { seed: seed + index, tenant: `week-${index}`, startMs, hourOfWeek: (index * 168) / FLEETS };
    return { traffic: makeTraffic(tenServices(ROOTS_PER_SECOND), of), faults: [] };
  });
  const counter = new AlarmCounter();
  const untilMs = startMs + hoursEach * 3_600_000;
  await withEngine((client) =>
    liveThrough(client, lives, {
      ticksMs: ticksUntil(startMs, untilMs, everyMs),
      see: (verdicts) => counter.see(verdicts),
    }),
  );
  return counter.counts({
    condition: 'healthy: bursts, days and nights, deploys, scale-in, long requests, queues, a job',
    exposure: `${hours} hours of 10 services, judged every ${everyMs / 1_000} s`,
    failRatioMax: FAIL_RATIO_MAX,
  });
}
