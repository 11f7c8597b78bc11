import type { ServiceSeries } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';

const MASKS: readonly (readonly [ServiceSeries, string])[] = [
  ['retries', 'retries'],
  ['fallbacks', 'fallback answers'],
  ['staleAnswers', 'stale answers'],
];
/** Share of requests above the accepted one. */
const MASKED_MIN = 0.01;
/** Users lose less than this: they do not see it. */
const USER_LOSS_MAX = 0.002;

/** What keeps people from seeing it, over [from, until): masks at the services around it, and users who still succeed. */
export function hiddenBy(
  view: SystemView,
  services: Iterable<string>,
  from: number,
  until: number,
): string[] {
  const { accepted, history } = view;
  const masks = new Set<string>();
  for (const name of services) {
    const series = history.services.get(name)?.series ?? {};
    for (const [metric, text] of MASKS) {
      const share = (start: number, end: number) => shareOf(series[metric], series.requests, start, end);
      if (share(from, until) > share(accepted.fromMinute, accepted.untilMinute) + MASKED_MIN) masks.add(text);
    }
  }
  const { users } = history;
  if (users !== null) {
    const ok = (start: number, end: number) => shareOf(users.ok, users.requests, start, end);
    if (ok(from, until) > ok(accepted.fromMinute, accepted.untilMinute) - USER_LOSS_MAX)
      masks.add('users still succeed');
  }
  return [...masks];
}

function shareOf(
  part: Float64Array | undefined,
  of: Float64Array | undefined,
  from: number,
  until: number,
): number {
  let [parts, whole] = [0, 0];
  for (let i = Math.max(0, from); i < Math.min(part?.length ?? 0, until); i++) {
    const [one, all] = [part?.[i] as number, of?.[i] as number];
    if (Number.isNaN(one) || !(all > 0)) continue;
    parts += one;
    whole += all;
  }
  return parts / whole;
}
