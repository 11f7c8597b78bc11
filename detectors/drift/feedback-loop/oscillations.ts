import type { SystemView } from '../../equal-load/system-view.ts';
import type { Loop } from './loop.ts';
import { amplitudeAt, HOP, isNextWindow, reachBack, type Swing, swingsOf } from './swing.ts';

/** Periods up to 45 minutes are looked for minute by minute, up to two hours in steps of three minutes. */
const SCALES_MINUTES = [1, 3];
/** A load that swings more than this makes every autoscaler swing. @see drift.md 3.3 */
const LOAD_AMPLITUDE_MAX = 0.06;
const CLOSE_MINUTES = 24 * 60;

/**
 * Autoscalers that hunt: replicas swing regularly while the load does not, in two windows running. What already swung
 * so in the accepted period was accepted.
 */
export function oscillations(view: SystemView): Loop[] {
  const found = [...view.history.services.values()].flatMap(({ name, series }) => {
    const { replicas, requests } = series;
    if (replicas === undefined) return [];
    const loops = SCALES_MINUTES.map((minutes) => swinging(view, { name, replicas, requests, minutes }));
    // The coarser scale sees what the finer one saw, later.
    return loops.find((of) => of.length > 0) ?? [];
  });
  return withoutFollowers(found, view);
}

interface Pool {
  readonly name: string;
  readonly replicas: Float64Array;
  readonly requests: Float64Array | undefined;
  readonly minutes: number;
}

function swinging(view: SystemView, pool: Pool): Loop[] {
  const { minutes: scale } = pool;
  const { untilMinute } = view.accepted;
  const replicas = thinned(pool.replicas, scale);
  const swungBefore = () =>
    view.frozen(`${pool.name} swings by ${scale}`, () =>
      runningOf(pool, replicas).some(({ step }) => step * scale <= untilMinute),
    );
  if (view.isFreezing) swungBefore();
  // Most pools swing in no window that is judged, nor in the one before.
  if (swingsOf(replicas.subarray(reachBack(untilMinute / scale - HOP))).length === 0) return [];
  if (swungBefore() !== false) return [];
  const running = runningOf(pool, replicas).filter(({ step }) => step * scale > untilMinute);
  return asLoops(running, { pool, minutes: view.history.minutes });
}

/** Windows in which the pool swings and its load does not, each with the one before. */
function runningOf(pool: Pool, replicas: Float64Array): Swing[] {
  const { minutes: scale } = pool;
  const swings = swingsOf(replicas);
  if (swings.length === 0) return [];
  const load = pool.requests === undefined ? null : thinned(pool.requests, scale);
  const loadSwings = new Set(load === null ? [] : swingsOf(load, true).map(({ step }) => step));
  const own = swings.filter(
    ({ step }) =>
      load === null || (!loadSwings.has(step) && !(amplitudeAt(load, step) >= LOAD_AMPLITUDE_MAX)),
  );
  return own.filter((swing, i) => i > 0 && isNextWindow(own[i - 1] as Swing, swing));
}

function asLoops(running: readonly Swing[], of: { readonly pool: Pool; readonly minutes: number }): Loop[] {
  const { pool, minutes } = of;
  const at = ({ step }: Swing) => step * pool.minutes - 1;
  const groups: Swing[][] = [];
  for (const swing of running) {
    const last = groups.at(-1)?.at(-1);
    if (last === undefined || at(swing) - at(last) > CLOSE_MINUTES) groups.push([swing]);
    else groups.at(-1)?.push(swing);
  }
  return groups.map((group) => {
    const first = group[0] as Swing;
    const last = group.at(-1) as Swing;
    const periodMinutes = first.period * pool.minutes;
    const closes = at(last) + CLOSE_MINUTES;
    const ratio = Math.exp(first.amplitude);
    return {
      kind: 'oscillation',
      service: pool.name,
      driver: 'autoscaler',
      onsetMinute: Math.max(0, at(first) - 390 * pool.minutes),
      detectedMinute: at(first),
      confirmedMinute: at(first),
      closedMinute: closes < minutes ? closes : null,
      metric: 'replicas about their moving mean',
      ratio,
      lower: ratio,
      upper: ratio,
      atEqualLoad: true,
      decisions: [],
      text: `replicas of ${pool.name} swing by ${(100 * first.amplitude).toFixed(0)} % every ${periodMinutes.toFixed(0)} minutes while the load does not: its autoscaler hunts. By the period, about ${Math.max(0, (periodMinutes - 2) / 4).toFixed(0)} minutes pass before it sees what it did. Give it a stabilisation window or a smaller step.`,
      evidence: {
        periodMinutes,
        impliedDeadMinutes: Math.max(0, (periodMinutes - 2) / 4),
        regularity: first.regularity,
        amplitude: first.amplitude,
        replicas: [
          ...pool.replicas.subarray(Math.max(0, at(first) - Math.ceil(5 * periodMinutes)), at(first) + 1),
        ],
      },
    };
  });
}

/**
 * Who swings because a neighbour does is not named: among services that call each other, or are called by the same
 * one, the first that swung stands for all that began while it went on; of two at once, the one that is called.
 */
function withoutFollowers(loops: readonly Loop[], view: SystemView): Loop[] {
  const callers = new Map<string, Set<string>>();
  for (const { from, to } of view.history.edges) {
    const of = callers.get(to) ?? new Set();
    callers.set(to, of.add(from));
  }
  const calls = (a: string, b: string) => callers.get(b)?.has(a) === true;
  const isNear = (a: string, b: string) =>
    a === b || calls(a, b) || calls(b, a) || [...(callers.get(a) ?? [])].some((caller) => calls(caller, b));
  const sorted = loops.toSorted(
    (a, b) => a.detectedMinute - b.detectedMinute || (calls(a.service, b.service) ? 1 : -1),
  );
  const named: Loop[] = [];
  for (const loop of sorted) {
    const leader = named.find(
      (of) =>
        isNear(of.service, loop.service) &&
        loop.detectedMinute <= (of.closedMinute ?? Number.POSITIVE_INFINITY),
    );
    if (leader === undefined) named.push(loop);
  }
  return named;
}

function thinned(values: Float64Array, width: number): Float64Array {
  if (width === 1) return values;
  const thin = new Float64Array(Math.floor(values.length / width));
  for (let i = 0; i < thin.length; i++) {
    let sum = 0;
    let n = 0;
    for (let at = i * width; at < (i + 1) * width; at++) {
      const value = values[at] as number;
      if (!(value > 0)) continue;
      sum += value;
      n++;
    }
    thin[i] = n === 0 ? Number.NaN : sum / n;
  }
  return thin;
}
