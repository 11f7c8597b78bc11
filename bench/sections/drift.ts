import { EDGE_STEP_MINUTES } from '../../core/system-history.ts';
import { detectDrift } from '../../detectors/detect-drift.ts';
import { type SystemView, viewSystem } from '../../detectors/equal-load/system-view.ts';
import { makeSystem } from '../load/make-system.ts';
import { checkLine } from '../report/check-line.ts';

/** Four days that were accepted, and three to judge. */
const DAYS = 7;
const ACCEPTED = { fromMinute: 0, untilMinute: 4 * 1_440 };
const SERVICES = [100, 1_000, 10_000];
const SERVICES_A_SYSTEM = 10;

/** What a tick reads of the accepted period once its levels are kept with the reference. */
const BEFORE_DAYS = 2;

type System = ReturnType<typeof makeSystem>;

/**
 * One tick of the seven detectors of drift over a week of minutes, without reading them: systems of ten services. The
 * first tick of a reference computes all from its minutes, later ones from what was kept of them.
 */
export async function drift(): Promise<void> {
  // A system at a time is in memory, as in the job; those that are made again and again are told apart by their arrays.
  const made = Array.from({ length: 5 }, (_, seed) => makeSystem(seed, DAYS));
  const seconds = tick(
    'from the accepted minutes',
    (i) => fresh(systemAt(made, i)),
    (system) => viewSystem(system, ACCEPTED),
  );
  const levels = made.map((system) => {
    const view = viewSystem(system, ACCEPTED, { isFreezing: true });
    detectDrift(view);
    return JSON.stringify(view.levels);
  });
  const from = ACCEPTED.untilMinute - BEFORE_DAYS * 1_440;
  const accepted = { fromMinute: -from, untilMinute: BEFORE_DAYS * 1_440 };
  tick(
    'from what was kept',
    (i) => later(systemAt(made, i), from),
    (system, i) =>
      viewSystem(system, accepted, {
        levels: JSON.parse(levels[i % levels.length] as string) as SystemView['levels'],
      }),
  );
  const [small, , large] = SERVICES.map((services) => (seconds.get(services) as number) / services) as [
    number,
    number,
    number,
  ];
  const total = seconds.get(10_000) as number;
  console.log(checkLine('one tick over 10,000 services under 60 s of CPU', total, total < 60));
  console.log(
    checkLine(
      'cost of a service at 10,000 over that at 100, at most 1.5',
      large / small,
      large / small <= 1.5,
    ),
  );
}

/** To make a system is not counted: the job reads it. */
function tick(
  name: string,
  make: (i: number) => System,
  view: (system: System, i: number) => SystemView,
): Map<number, number> {
  for (let i = 0; i < 5; i++) detectDrift(view(make(i), i));
  const seconds = new Map<number, number>();
  for (const services of SERVICES) {
    let [found, spent] = [0, 0];
    for (let i = 0; i < services / SERVICES_A_SYSTEM; i++) {
      const made = make(i);
      const before = process.cpuUsage();
      found += detectDrift(view(made, i)).length;
      const { user, system } = process.cpuUsage(before);
      spent += (user + system) / 1e6;
    }
    seconds.set(services, spent);
    const mebibytes = Math.round(process.memoryUsage().rss / 2 ** 20);
    console.log(
      `${services} services, ${name}: ${spent.toFixed(2)} s of CPU, ${found} found, ${mebibytes} MiB`,
    );
  }
  return seconds;
}

function systemAt(made: readonly System[], i: number): System {
  return made[i % made.length] as System;
}

/** Arrays of its own: what is remembered by array must not be remembered from the system before. */
function fresh(system: System): System {
  return withSeries(system, (values) => values.slice());
}

/** From a minute on. */
function later(system: System, fromMinute: number): System {
  const cut = withSeries(system, (values) => values.slice(fromMinute));
  const step = fromMinute / EDGE_STEP_MINUTES;
  const edges = system.edges.map((edge) => ({
    ...edge,
    calls: edge.calls.slice(step),
    attempts: edge.attempts.slice(step),
    failures: edge.failures.slice(step),
    latencyMs: edge.latencyMs.slice(step),
  }));
  return { ...cut, edges, minutes: system.minutes - fromMinute };
}

function withSeries(system: System, of: (values: Float64Array) => Float64Array): System {
  const services = new Map(
    [...system.services].map(([name, { series }]) => [
      name,
      { name, series: Object.fromEntries(Object.entries(series).map(([key, values]) => [key, of(values)])) },
    ]),
  );
  return { ...system, services };
}
