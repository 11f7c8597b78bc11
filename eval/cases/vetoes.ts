import { AlarmCounter } from '../engine/count-alarms.ts';
import { liveThrough, ticksUntil } from '../engine/live-through.ts';
import { virtualStartMs, withEngine } from '../engine/with-engine.ts';
import {
  delay,
  duplicate,
  holdOpen,
  loseIdentity,
  sampleAboveOthers,
  sampleAgainstMarks,
  sampleAlone,
  skewClock,
  stampFuture,
} from '../faults/deform.ts';
import type { Fault } from '../faults/fault.ts';
import { type Draw, drawFrom } from '../traffic/draw.ts';
import { makeTraffic } from '../traffic/make-traffic.ts';
import { tenServices } from '../traffic/ten-services.ts';
import type { AlarmCase, AlarmCount, AlarmOptions, CaseGroup } from './case.ts';

const FLEETS = 2;
const ROOTS_PER_SECOND = 4;
const MINUTES = 14;
const TICK_MS = 20_000;
const NOON = 12;
const CHECKOUT = { serviceName: 'checkout' };

/** What looks like a loss and is none. */
const CONDITIONS: readonly {
  readonly name: string;
  readonly faultsOf: (draw: Draw, startMs: number) => Fault[];
}[] = [
  {
    name: 'every service keeps half of the traces, each another half, without marks',
    faultsOf: () => [sampleAlone({}, 0.5)],
  },
  {
    name: 'checkout alone keeps half of the traces, without marks',
    faultsOf: () => [sampleAlone(CHECKOUT, 0.5)],
  },
  {
    name: 'checkout alone keeps half of the traces, consistently and marked',
    faultsOf: () => [sampleAboveOthers(CHECKOUT, 0.5)],
  },
  {
    name: 'checkout keeps half of its spans by a coin, marked as consistent',
    faultsOf: (draw) => [sampleAgainstMarks(CHECKOUT, 0.5, draw)],
  },
  {
    name: 'a fifth of the calls of checkout stay open for 2 min',
    faultsOf: (draw) => [holdOpen(CHECKOUT, { ratio: 0.2, ms: 120_000 }, draw)],
  },
  {
    name: 'a fifth of the calls of checkout stay open for 30 s',
    faultsOf: (draw) => [holdOpen(CHECKOUT, { ratio: 0.2, ms: 30_000 }, draw)],
  },
  {
    name: 'exports of checkout come 20 s late from minute 12 on',
    faultsOf: (_, startMs) => [delay({ ...CHECKOUT, fromMs: startMs + 12 * 60_000 }, 20_000)],
  },
  {
    name: 'a tenth of all exports arrive twice',
    faultsOf: (draw) => [duplicate({}, 0.1, draw)],
  },
  { name: 'the clock of checkout is 300 ms ahead', faultsOf: () => [skewClock(CHECKOUT, 300)] },
  { name: 'the clock of checkout is 5 s behind', faultsOf: () => [skewClock(CHECKOUT, -5_000)] },
  {
    name: 'one in a hundred spans of checkout is stamped an hour ahead',
    faultsOf: (draw) => [stampFuture(CHECKOUT, { ratio: 0.01, ms: 3_600_000 }, draw)],
  },
  { name: 'instances of checkout have no identity', faultsOf: () => [loseIdentity(CHECKOUT)] },
];

/** What is no loss must not fail completeness, whatever else is said about it. */
export function vetoes(): CaseGroup {
  return {
    name: 'vetoes',
    title: 'What looks like a loss and is none',
    coverage: [],
    alarms: CONDITIONS.map(caseOf),
  };
}

function caseOf({ name, faultsOf }: (typeof CONDITIONS)[number]): AlarmCase {
  return {
    name,
    run: async ({ seed }: AlarmOptions): Promise<AlarmCount[]> => {
      const startMs = virtualStartMs();
      const lives = Array.from({ length: FLEETS }, (_, index) => ({
        traffic: makeTraffic(tenServices(ROOTS_PER_SECOND), {
          seed: seed + index,
          tenant: `veto-${index}`,
          startMs,
          hourOfWeek: NOON,
        }),
        faults: faultsOf(drawFrom(seed + index), startMs),
      }));
      const counter = new AlarmCounter();
      const see = (verdicts: Parameters<AlarmCounter['see']>[0]) =>
        counter.see(verdicts.filter(({ dimension }) => dimension === 'completeness'));
      const untilMs = startMs + MINUTES * 60_000;
      await withEngine((client) =>
        liveThrough(client, lives, { ticksMs: ticksUntil(startMs, untilMs, TICK_MS), see }),
      );
      return counter.counts({
        condition: name,
        exposure: `${FLEETS} × ${MINUTES} min, judged every ${TICK_MS / 1_000} s`,
        failRatioMax: 0,
      });
    },
  };
}
