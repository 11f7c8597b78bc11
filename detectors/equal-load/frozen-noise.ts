import type { SystemView } from './system-view.ts';

const HOUR = 60;
/** Far below what a minute scatters. */
const DECIMALS = 6;

/**
 * How residuals scattered in the accepted period: themselves while they are here, else as means of hours, which is what
 * blocks of hours are drawn from.
 * @returns null: cannot say
 */
export function usualResiduals(
  view: SystemView,
  { name, service }: { readonly name: string; readonly service: string },
  residuals: Float64Array,
): Float64Array | null {
  const { fromMinute, untilMinute } = view.acceptedOf(service);
  const hours = view.frozen(`hours of ${name}`, () =>
    hourlyMeans(residuals.subarray(fromMinute, untilMinute)),
  );
  if (view.holdsAccepted) return residuals.subarray(fromMinute, untilMinute);
  if (hours === null) return null;
  const minutes = new Float64Array(HOUR * hours.length);
  for (const [hour, mean] of hours.entries())
    minutes.fill(mean ?? Number.NaN, hour * HOUR, (hour + 1) * HOUR);
  return minutes;
}

function hourlyMeans(values: Float64Array): (number | null)[] {
  return Array.from({ length: Math.ceil(values.length / HOUR) }, (_, hour) => {
    let [sum, n] = [0, 0];
    for (let at = hour * HOUR; at < Math.min(values.length, (hour + 1) * HOUR); at++) {
      if (Number.isNaN(values[at])) continue;
      sum += values[at] as number;
      n++;
    }
    return 2 * n < HOUR ? null : Number((sum / n).toFixed(DECIMALS)) + 0;
  });
}
