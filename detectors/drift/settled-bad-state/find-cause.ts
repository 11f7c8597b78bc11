import { EDGE_STEP_MINUTES, type EdgeHistory } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import type { CallGraph } from './call-graph.ts';
import type { Witness } from './witness.ts';

const HOUR = 60;
/** drift.md 3.2: work per call from which a loop feeds itself. */
const AMPLIFICATION_MIN = 1.3;
/** And that much above the accepted one. */
const AMPLIFICATION_OVER_ACCEPTED = 1.15;
/** A cache that answers this much less than in the accepted period has collapsed. */
const HIT_RATIO_LOSS = 0.15;
/** A callee this bad, in units of its own limit, is where a caller's trouble comes from. */
const BADNESS_MIN = 0.7;

export interface Cause {
  readonly subject: string;
  /** What keeps it going, as a loop in words; null: none is seen. */
  readonly loop: string | null;
  readonly code: 'cache-loop' | 'retry-loop' | 'callee' | 'itself';
  readonly evidence: Readonly<Record<string, unknown>>;
}

/**
 * Who is behind what a witness shows, by its last hour before it was told. Latency blames who is saturated; the loop that
 * saturates it is named first: a cache that no longer answers, calls that are tried again. Else the callee furthest
 * down that is bad itself.
 * @param badness of a service over an hour, in units of its limit; NaN is not known
 */
export function findCause(
  view: SystemView,
  witness: Witness,
  graph: CallGraph,
  badness: (service: string, from: number, until: number) => number,
): Cause {
  const until = witness.detectedMinute;
  const from = Math.max(witness.onsetMinute, until - HOUR);
  if (witness.callee !== null) {
    return { subject: `${witness.service}->${witness.callee}`, loop: null, code: 'itself', evidence: {} };
  }
  const below = graph.below(witness.service);
  return (
    cacheLoop(view, witness.service, graph, below, from, until) ??
    retryLoop(view, witness.service, below, from, until) ??
    deepest(witness.service, graph, (service) => badness(service, from, until))
  );
}

function cacheLoop(
  view: SystemView,
  service: string,
  graph: CallGraph,
  below: ReadonlySet<string>,
  from: number,
  until: number,
): Cause | null {
  const near = new Set([...below, ...graph.callers(service).map((edge) => edge.from)]);
  for (const name of near) {
    const now = hitRatio(view, name, from, until);
    const before = acceptedHitRatio(view, name);
    if (now === null || before === null || !(now < before - HIT_RATIO_LOSS)) continue;
    const store =
      graph.callees(name).find(({ to }) => below.has(to) || to === service)?.to ?? graph.callees(name)[0]?.to;
    if (store === undefined) continue;
    return {
      subject: name,
      loop: `the cache of ${name} misses, ${store} is asked more than it can answer, and what it fails to answer is not cached`,
      code: 'cache-loop',
      evidence: { hitRatio: now, acceptedHitRatio: before, store },
    };
  }
  return null;
}

function retryLoop(
  view: SystemView,
  service: string,
  below: ReadonlySet<string>,
  from: number,
  until: number,
): Cause | null {
  const amplified = view.history.edges
    .filter((edge) => below.has(edge.from) || edge.to === service)
    .map((edge) => ({
      edge,
      now: amplification(edge, from, until),
      before: acceptedAmplification(view, edge),
    }))
    .filter(({ now, before }) => now >= AMPLIFICATION_MIN && now >= AMPLIFICATION_OVER_ACCEPTED * before)
    .sort((a, b) => b.now - a.now);
  // Retries multiply from the saturated callee upwards: it has no amplified call of its own.
  const last = amplified.find(({ edge }) => !amplified.some((other) => other.edge.from === edge.to));
  if (last === undefined) return null;
  const { from: caller, to } = last.edge;
  return {
    subject: to,
    loop: `${caller} tries calls to ${to} again, ${to} is too busy to answer them in time, and so they are tried again`,
    code: 'retry-loop',
    evidence: {
      attemptsPerCall: amplified.map(({ edge, now, before }) => ({
        from: edge.from,
        to: edge.to,
        now,
        accepted: before,
      })),
    },
  };
}

function deepest(service: string, graph: CallGraph, badness: (service: string) => number): Cause {
  const path = [service];
  for (;;) {
    const here = path.at(-1) as string;
    const worst = graph
      .callees(here)
      .map(({ to }) => ({ to, bad: badness(to) }))
      .filter(({ to, bad }) => bad >= BADNESS_MIN && !path.includes(to))
      .sort((a, b) => b.bad - a.bad)[0];
    if (worst === undefined) break;
    path.push(worst.to);
  }
  const subject = path.at(-1) as string;
  return {
    subject,
    loop: null,
    code: path.length > 1 ? 'callee' : 'itself',
    evidence: path.length > 1 ? { path } : {},
  };
}

/** What causes are told by, of services and edges that may need it one day. */
export function freezeCauses(view: SystemView): void {
  for (const name of view.history.services.keys()) acceptedHitRatio(view, name);
  for (const edge of view.history.edges) acceptedAmplification(view, edge);
}

/** null: it has no cache, or nothing asked it. */
function hitRatio({ history }: SystemView, name: string, from: number, until: number): number | null {
  const { cacheHits: hits, cacheMisses: misses } = history.services.get(name)?.series ?? {};
  if (hits === undefined || misses === undefined) return null;
  const hit = sum(hits, from, until);
  const ratio = hit / (hit + sum(misses, from, until));
  return Number.isNaN(ratio) ? null : ratio;
}

function acceptedHitRatio(view: SystemView, name: string): number | null {
  return view.frozen(`cache hits of ${name}`, ({ fromMinute, untilMinute }) =>
    hitRatio(view, name, fromMinute, untilMinute),
  );
}

/** One attempt a call where it was not called, or where nobody can say any more. */
function acceptedAmplification(view: SystemView, edge: EdgeHistory): number {
  const frozen = view.frozen(`attempts a call of ${edge.from}->${edge.to}`, ({ fromMinute, untilMinute }) => {
    const ratio = amplification(edge, fromMinute, untilMinute);
    return Number.isFinite(ratio) ? ratio : null;
  });
  return frozen || 1;
}

function amplification(edge: EdgeHistory, from: number, until: number): number {
  const steps = [Math.floor(from / EDGE_STEP_MINUTES), Math.floor(until / EDGE_STEP_MINUTES)] as const;
  return sum(edge.attempts, ...steps) / sum(edge.calls, ...steps);
}

function sum(values: Float64Array, from: number, until: number): number {
  let total = 0;
  for (let i = Math.max(0, from); i < Math.min(values.length, until); i++)
    total += (values[i] as number) || 0;
  return total;
}
