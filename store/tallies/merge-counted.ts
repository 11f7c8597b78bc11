import type { EdgeHistory } from '../../core/system-history.ts';
import type { ClientStep } from './read-client-steps.ts';

type Counted = ClientStep & { readonly to: string; readonly step: number };

/** One edge in one step, of all the peers that are this callee. */
interface Sum {
  attempts: number;
  errors: number;
  sumUs: number;
  resends: number;
  tellsResends: boolean;
}

/**
 * Edges as callers' histograms count them, step by step; where those are silent, and for edges that they do not tell of,
 * as spans do. Histograms that do not tell attempts apart borrow the share of further attempts from the spans; without
 * one nobody knows how many attempts there were.
 */
export function mergeCounted(
  ofSpans: readonly EdgeHistory[],
  counted: readonly Counted[],
  steps: number,
): EdgeHistory[] {
  const heard = new Set(counted.map(({ From, step }) => `${From}\u001f${step}`));
  const edges = new Map(ofSpans.map((edge) => [`${edge.from}\u001f${edge.to}`, edge]));
  for (const [key, rows] of Map.groupBy(counted, ({ From, to }) => `${From}\u001f${to}`)) {
    const { From: from, to } = rows[0] as Counted;
    const spans = edges.get(key);
    const sums = sumSteps(rows);
    const edge = emptyEdge(from, to, steps);
    for (let step = 0; step < steps; step++) {
      const sum = sums.get(step);
      if (heard.has(`${from}\u001f${step}`)) setCounted(edge, step, { sum, spans });
      else if (spans !== undefined) copyStep(edge, spans, step);
    }
    edges.set(key, edge);
  }
  return [...edges.values()];
}

function sumSteps(rows: readonly Counted[]): Map<number, Sum> {
  const sums = new Map<number, Sum>();
  for (const row of rows) {
    const sum = sums.get(row.step) ?? { attempts: 0, errors: 0, sumUs: 0, resends: 0, tellsResends: true };
    sum.attempts += row.Attempts;
    sum.errors += row.Errors;
    sum.sumUs += row.SumUs;
    sum.resends += row.Resends;
    sum.tellsResends &&= row.TellsResends === 1;
    sums.set(row.step, sum);
  }
  return sums;
}

function emptyEdge(from: string, to: string, steps: number): EdgeHistory {
  const unknown = () => new Float64Array(steps).fill(Number.NaN);
  return { from, to, calls: unknown(), attempts: unknown(), failures: unknown(), latencyMs: unknown() };
}

function copyStep(into: EdgeHistory, from: EdgeHistory, step: number): void {
  for (const name of ['calls', 'attempts', 'failures', 'latencyMs'] as const) {
    into[name][step] = from[name][step] as number;
  }
}

function setCounted(
  edge: EdgeHistory,
  step: number,
  { sum, spans }: { readonly sum: Sum | undefined; readonly spans: EdgeHistory | undefined },
): void {
  const made = sum?.attempts ?? 0;
  const resends = sum === undefined || made === 0 ? 0 : resendsOf(sum, spans, step);
  // Histograms count what their library was asked for: calls, as far as anybody can tell.
  const calls = made - (Number.isNaN(resends) ? 0 : resends);
  edge.attempts[step] = Number.isNaN(resends) ? Number.NaN : made;
  edge.calls[step] = calls;
  edge.failures[step] = Math.max(0, (sum?.errors ?? 0) - (made - calls));
  if (calls > 0) edge.latencyMs[step] = (sum?.sumUs ?? 0) / 1_000 / calls;
}

function resendsOf(
  { attempts, resends, tellsResends }: Sum,
  spans: EdgeHistory | undefined,
  step: number,
): number {
  if (tellsResends) return resends;
  const seen = spans?.attempts[step] ?? 0;
  return seen > 0 ? (attempts * (seen - (spans?.calls[step] as number))) / seen : Number.NaN;
}
