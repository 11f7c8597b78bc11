import { detectDrift } from '../../detectors/detect-drift.ts';
import { viewSystem } from '../../detectors/equal-load/system-view.ts';
import { makeSystem } from '../load/make-system.ts';
import { checkLine } from '../report/check-line.ts';

/** Four days that were accepted, and three to judge. */
const DAYS = 7;
const ACCEPTED = { fromMinute: 0, untilMinute: 4 * 1_440 };
const SERVICES = [100, 1_000, 10_000];
const SERVICES_A_SYSTEM = 10;

/** One tick of the seven detectors of drift over a week of minutes, without reading them: systems of ten services. */
export async function drift(): Promise<void> {
  // A system at a time is in memory, as in the job; those that are made again and again are told apart by their arrays.
  const made = Array.from({ length: 5 }, (_, seed) => makeSystem(seed, DAYS));
  for (const system of made) detectDrift(viewSystem(system, ACCEPTED));
  const seconds = new Map<number, number>();
  for (const services of SERVICES) {
    const before = process.cpuUsage();
    let found = 0;
    for (let i = 0; i < services / SERVICES_A_SYSTEM; i++) {
      found += detectDrift(
        viewSystem(fresh(made[i % made.length] as ReturnType<typeof makeSystem>), ACCEPTED),
      ).length;
    }
    const { user, system } = process.cpuUsage(before);
    seconds.set(services, (user + system) / 1e6);
    console.log(
      `${services} services: ${((user + system) / 1e6).toFixed(2)} s of CPU, ${found} found, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`,
    );
  }
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

/** Arrays of its own: what is remembered by array must not be remembered from the system before. */
function fresh(system: ReturnType<typeof makeSystem>): ReturnType<typeof makeSystem> {
  const services = new Map(
    [...system.services].map(([name, service]) => [
      name,
      {
        name,
        series: { ...service.series, requests: (service.series.requests as Float64Array).slice() },
      },
    ]),
  );
  return { ...system, services };
}
