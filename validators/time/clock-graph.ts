import type { ClockPairTally } from '../../core/clock-pair-tally.ts';
import { boundSkew, type SkewBound } from './bound-skew.ts';

/** What the calls of one clock say about it. */
export interface ClockSkew {
  /** This clock minus the clock most others agree with, ms; null where nobody can say. */
  readonly againstOthers: SkewBound | null;
  /** How many clocks hang together through calls, this one included. */
  readonly clocks: number;
  readonly pairs: number;
  /** Clocks with which no skew fits: one of the two was set. */
  readonly steppedWith: readonly string[];
  /** The neighbour that disagrees most, for who looks. */
  readonly worstNeighbour: {
    readonly clock: string;
    readonly bound: SkewBound;
    readonly exampleTraceId: string;
  } | null;
}

interface Edge {
  readonly to: string;
  /** Clock of `to` minus clock at the other end. */
  readonly bound: SkewBound;
  readonly pairs: number;
  readonly exampleTraceId: string;
}

/** The skew that warns, ms. */
const AGREE_MS = 100;

type Graph = ReadonlyMap<string, readonly Edge[]>;

/** Of one tenant; the separator cannot occur in UTF-8 attributes that people write. */
export function clockKey(tenant: string, clock: string): string {
  return `${tenant}\u001f${clock}`;
}

/**
 * All clocks that call each other, each against the rest. Bounds add along a path of calls; per clock the path that is
 * surest counts. Nobody knows who is right, so the majority is: the reference is the middle clock of those that hang
 * together, if more than half of them may agree with it. Of two that differ neither is right: then nobody is blamed.
 * Pairs for which no skew fits take no part, and are named.
 * @param tallies of one stretch of arrival
 * @returns by `clockKey`
 */
export function clockGraph(tallies: readonly ClockPairTally[], windowMs: number): Map<string, ClockSkew> {
  const { graph, stepped } = build(tallies, windowMs);
  const skews = new Map<string, ClockSkew>();
  for (const key of graph.keys()) {
    if (skews.has(key)) continue;
    const reach = walk(graph, key);
    const against = againstMiddle(graph, reach);
    for (const member of reach.keys()) {
      const edges = graph.get(member) ?? [];
      const [worst] = [...edges].sort((a, b) => leastSkewMs(b.bound) - leastSkewMs(a.bound));
      skews.set(member, {
        againstOthers: against?.get(member) ?? null,
        clocks: reach.size,
        pairs: edges.reduce((sum, { pairs }) => sum + pairs, 0),
        steppedWith: stepped.get(member) ?? [],
        // An edge says how far the neighbour is from this clock; what is told is this clock against it.
        worstNeighbour:
          worst === undefined
            ? null
            : { clock: nameOf(worst.to), bound: negate(worst.bound), exampleTraceId: worst.exampleTraceId },
      });
    }
  }
  return skews;
}

/** How far from agreement a bound proves two clocks to be, ms; 0 where they may agree. */
export function leastSkewMs({ lower, upper }: SkewBound): number {
  return Math.max(0, lower, -upper);
}

function build(tallies: readonly ClockPairTally[], windowMs: number) {
  const edges = new Map<string, Map<string, Edge>>();
  const stepped = new Map<string, string[]>();
  const put = (from: string, edge: Edge) => {
    const own = edges.get(from) ?? new Map<string, Edge>();
    const before = own.get(edge.to);
    own.set(edge.to, before === undefined ? edge : meet(before, edge));
    edges.set(from, own);
  };
  for (const tally of tallies) {
    const parent = clockKey(tally.tenant, tally.parentClock);
    const child = clockKey(tally.tenant, tally.childClock);
    const { isStep, ...bound } = boundSkew(tally, windowMs);
    const rest = { pairs: tally.pairs, exampleTraceId: tally.exampleTraceId };
    put(parent, { to: child, bound: isStep ? { lower: 1, upper: -1 } : bound, ...rest });
    put(child, { to: parent, bound: isStep ? { lower: 1, upper: -1 } : negate(bound), ...rest });
  }
  for (const [from, own] of edges) {
    for (const { to, bound } of own.values()) {
      if (bound.lower > bound.upper) stepped.set(from, [...(stepped.get(from) ?? []), nameOf(to)]);
    }
  }
  const sound = ({ bound }: Edge) => bound.lower <= bound.upper;
  const graph: Graph = new Map([...edges].map(([from, own]) => [from, [...own.values()].filter(sound)]));
  return { graph, stepped };
}

/** Calls in both directions bound the same skew: both hold. */
function meet(a: Edge, b: Edge): Edge {
  return {
    to: a.to,
    bound: { lower: Math.max(a.bound.lower, b.bound.lower), upper: Math.min(a.bound.upper, b.bound.upper) },
    pairs: a.pairs + b.pairs,
    exampleTraceId: [a.exampleTraceId, b.exampleTraceId].sort()[0] as string,
  };
}

/** Everybody who can be reached by bounded calls, each minus `start`, by the path with the narrowest bound. */
function walk(graph: Graph, start: string): Map<string, SkewBound> {
  const reach = new Map<string, SkewBound>([[start, { lower: 0, upper: 0 }]]);
  const queue = [start];
  for (const key of queue) {
    const at = reach.get(key) as SkewBound;
    for (const { to, bound } of graph.get(key) ?? []) {
      const through = { lower: at.lower + bound.lower, upper: at.upper + bound.upper };
      const known = reach.get(to);
      if (known !== undefined && widthOf(through) >= widthOf(known)) continue;
      reach.set(to, through);
      queue.push(to);
    }
  }
  return reach;
}

/**
 * Everybody against the middle clock, by the middles of the bounds; null where no more than half of them may agree with
 * it within the limit that warns, as it is then one opinion among others.
 */
function againstMiddle(graph: Graph, reach: ReadonlyMap<string, SkewBound>): Map<string, SkewBound> | null {
  const bounded = [...reach].filter(([, bound]) => Number.isFinite(widthOf(bound)));
  const sorted = bounded.sort(([a, x], [b, y]) => centreOf(x) - centreOf(y) || (a < b ? -1 : 1));
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined || sorted.length < 2) return null;
  const against = walk(graph, middle[0]);
  const agreeing = sorted.filter(([key]) => leastSkewMs(against.get(key) as SkewBound) <= AGREE_MS);
  return agreeing.length > sorted.length / 2 ? against : null;
}

function centreOf({ lower, upper }: SkewBound): number {
  return (lower + upper) / 2;
}

function widthOf({ lower, upper }: SkewBound): number {
  return upper - lower;
}

function negate({ lower, upper }: SkewBound): SkewBound {
  return { lower: -upper, upper: -lower };
}

function nameOf(key: string): string {
  return key.slice(key.indexOf('\u001f') + 1);
}
