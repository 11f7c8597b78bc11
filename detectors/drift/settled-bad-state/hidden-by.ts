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
  const { history } = view;
  const masks = new Set<string>();
  for (const name of services) {
    const series = history.services.get(name)?.series ?? {};
    for (const [metric, text] of MASKS) {
      const now = shareOf(series[metric], series.requests, from, until);
      const accepted = acceptedShare(view, name, metric);
      if (now !== null && accepted !== null && now > accepted + MASKED_MIN) masks.add(text);
    }
  }
  const { users } = history;
  if (users !== null) {
    const now = shareOf(users.ok, users.requests, from, until);
    const accepted = acceptedSuccess(view);
    if (now !== null && accepted !== null && now > accepted - USER_LOSS_MAX) masks.add('users still succeed');
  }
  return [...masks];
}

/** What may hide something one day. */
export function freezeMasks(view: SystemView): void {
  acceptedSuccess(view);
  for (const name of view.history.services.keys())
    for (const [metric] of MASKS) acceptedShare(view, name, metric);
}

function acceptedShare(view: SystemView, name: string, metric: ServiceSeries): number | null {
  const { [metric]: part, requests } = view.history.services.get(name)?.series ?? {};
  if (part === undefined) return null;
  return view.frozen(`${metric} a request of ${name}`, ({ fromMinute, untilMinute }) =>
    shareOf(part, requests, fromMinute, untilMinute),
  );
}

function acceptedSuccess(view: SystemView): number | null {
  const { users } = view.history;
  if (users === null) return null;
  return view.frozen('success of users', ({ fromMinute, untilMinute }) =>
    shareOf(users.ok, users.requests, fromMinute, untilMinute),
  );
}

/** null where there was nothing to have a share of. */
function shareOf(
  part: Float64Array | undefined,
  of: Float64Array | undefined,
  from: number,
  until: number,
): number | null {
  let [parts, whole] = [0, 0];
  for (let i = Math.max(0, from); i < Math.min(part?.length ?? 0, until); i++) {
    const [one, all] = [part?.[i] as number, of?.[i] as number];
    if (Number.isNaN(one) || !(all > 0)) continue;
    parts += one;
    whole += all;
  }
  return whole > 0 ? parts / whole : null;
}
