import type { UserHistory } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { windowMean } from '../../equal-load/window-mean.ts';
import type { GlobalSignal } from './global-signals.ts';
import { acceptedCallsOf, callsOf } from './mix-shift.ts';

interface Window {
  readonly from: number;
  readonly until: number;
}

/** How much of what everybody lost passes through a service, and by what that is known. */
export interface HarmShare {
  readonly share: number;
  readonly by:
    | 'critical path'
    | 'calls into it'
    | 'cost of it and its neighbours'
    | 'its own answers'
    | 'its failures';
}

/** @returns null where nothing tells where the harm comes from */
export function shareOfHarm(
  view: SystemView,
  service: string,
  harm: GlobalSignal,
  window: Window,
): HarmShare | null {
  switch (harm.harm) {
    case 'latency':
      return onCriticalPath(view, service, window) ?? throughCalls(view, service, window);
    case 'cost':
      return inCost(view, service, window);
    case 'failures':
      return inFailures(view, service, window);
    case 'stale':
      return { share: harm.service === service ? 1 : 0, by: 'its own answers' };
  }
}

/** Its share of all that was added to critical paths at equal load. */
function onCriticalPath(view: SystemView, service: string, window: Window): HarmShare | null {
  let [own, all]: [number | null, number] = [null, 0];
  for (const { name } of view.history.services.values()) {
    const added = addedTo(view, name, 'criticalPathMs', window);
    if (added === null) continue;
    all += Math.max(0, added);
    if (name === service) own = added;
  }
  return own === null ? null : { share: all > 0 ? Math.max(0, own) / all : 0, by: 'critical path' };
}

/** What a metric has now above what it had at the same load: mean(y) (1 - e^-residual). */
function addedTo(
  view: SystemView,
  service: string,
  metric: 'criticalPathMs' | 'cost',
  window: Window,
): number | null {
  const residuals = view.residuals(service, metric);
  const values = view.history.services.get(service)?.series[metric];
  if (residuals === null || values === undefined) return null;
  const change = windowMean(residuals, window.from, window.until);
  const level = windowMean(values, window.from, window.until);
  return change.n === 0 || level.n === 0 ? null : level.mean * -Math.expm1(-change.mean);
}

/**
 * Without traces: what callers wait longer for it, of what callers of anything that no slower callee explains wait
 * longer.
 */
function throughCalls(view: SystemView, service: string, window: Window): HarmShare | null {
  const { history } = view;
  const added = new Map<string, number>();
  const waits = (of: (edge: { from: string; to: string }) => boolean) => {
    let sum = 0;
    for (const edge of history.edges.filter(of)) {
      const requests = history.services.get(edge.from)?.series.requests;
      if (requests === undefined) continue;
      const before = acceptedCallsOf(view, edge, requests);
      const now = callsOf(edge, requests, window.from, window.until);
      if (before === null || now === null) continue;
      const asked = windowMean(requests, window.from, window.until).mean;
      sum += (now.latencyMs - before.latencyMs) * now.perRequest * asked;
    }
    return sum;
  };
  for (const { name } of history.services.values()) {
    const inbound = waits(({ to }) => to === name);
    added.set(name, Math.max(0, inbound - waits(({ from }) => from === name)));
  }
  const own = added.get(service);
  if (own === undefined || !history.edges.some(({ to }) => to === service)) return null;
  const all = [...added.values()].reduce((sum, one) => sum + one, 0);
  return { share: all > 0 ? own / all : 0, by: 'calls into it' };
}

/** An automation moves its own bill, and that of those who wait for it or work for it. */
function inCost(view: SystemView, service: string, window: Window): HarmShare | null {
  const { edges, services } = view.history;
  const near = new Set([service]);
  for (const { from, to } of edges) {
    if (from === service) near.add(to);
    if (to === service) near.add(from);
  }
  let [own, all] = [0, 0];
  for (const { name } of services.values()) {
    const added = addedTo(view, name, 'cost', window);
    if (added === null || added <= 0) continue;
    all += added;
    if (near.has(name)) own += added;
  }
  return all > 0 ? { share: own / all, by: 'cost of it and its neighbours' } : null;
}

function inFailures(view: SystemView, service: string, window: Window): HarmShare | null {
  const { users } = view.history;
  const { errors } = view.history.services.get(service)?.series ?? {};
  if (users === null || errors === undefined) return null;
  const added = (values: Float64Array, before: number | null) =>
    windowMean(values, window.from, window.until).mean - (before ?? Number.NaN);
  const all = added(failedOf(users), acceptedFailures(view));
  const own = added(errors, acceptedErrors(view, service));
  return all > 0 ? { share: Math.min(1, Math.max(0, own) / all), by: 'its failures' } : null;
}

function failedOf({ requests, ok }: UserHistory): Float64Array {
  return requests.map((n, i) => n - (ok[i] as number));
}

function acceptedFailures(view: SystemView): number | null {
  const { users } = view.history;
  return users === null ? null : acceptedMean(view, 'failures of users', () => failedOf(users));
}

function acceptedErrors(view: SystemView, service: string): number | null {
  const { errors } = view.history.services.get(service)?.series ?? {};
  return errors === undefined ? null : acceptedMean(view, `errors of ${service}, a minute`, () => errors);
}

function acceptedMean(view: SystemView, name: string, values: () => Float64Array): number | null {
  return view.frozen(name, ({ fromMinute, untilMinute }) => {
    const { mean } = windowMean(values(), fromMinute, untilMinute);
    return Number.isNaN(mean) ? null : mean;
  });
}

/** What a harm is shared out by, whoever does it one day. */
export function freezeHarms(view: SystemView): void {
  acceptedFailures(view);
  for (const { name } of view.history.services.values()) {
    acceptedErrors(view, name);
    for (const metric of ['criticalPathMs', 'cost'] as const) view.residuals(name, metric);
  }
  for (const edge of view.history.edges) {
    const requests = view.history.services.get(edge.from)?.series.requests;
    if (requests !== undefined) acceptedCallsOf(view, edge, requests);
  }
}

/** What others pay more, and what it saved itself, both at equal load in the unit of cost a minute. */
export function externality(view: SystemView, service: string, window: Window) {
  const own = addedTo(view, service, 'cost', window);
  let others = 0;
  for (const { name } of view.history.services.values()) {
    if (name !== service) others += addedTo(view, name, 'cost', window) ?? 0;
  }
  return own === null ? null : { ownSaving: -own, costOfOthers: others, isMoreThanSaved: others > -own };
}
