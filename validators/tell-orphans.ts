import { serviceKey } from '../core/service-key.ts';
import { type Source, sourceLabel } from '../core/source.ts';
import { rfc3339 } from '../core/time.ts';
import type { Limits, Reason } from '../core/verdict.ts';
import type { CallerLoss } from './bound-loss.ts';
import { NEW_MS } from './find-missing-since-first-seen.ts';
import type { WindowJudgement } from './judge-windows.ts';
import type { MeasuredLoss } from './measure-loss.ts';
import { percent } from './percent.ts';

export interface OrphanFacts {
  readonly source: Source;
  readonly loss: MeasuredLoss | null;
  readonly fast: CallerLoss | null;
  readonly slow: CallerLoss | null;
  readonly limits: Limits;
  /** Share of the newest arrivals that came later than parents are waited for. */
  readonly lateShare: number;
  /** Share of the calls of ten minutes that arrived later than that after their start. */
  readonly openShare: number;
  /** How long nothing has arrived from the service itself; null when nothing did in ten minutes. */
  readonly silentMs: number | null;
  readonly nowMs: number;
  /** Null while nothing was ever settled. */
  readonly judged: WindowJudgement | null;
}

export type OrphanVeto = keyof typeof VETOES;

/** What forbids the orphans of this service to count, in words. */
export function tellVeto(code: OrphanVeto, facts: OrphanFacts): Reason {
  return { code, text: VETOES[code](facts) };
}

/** What the orphans say, each with what to do about it. */
export function tellOrphans(facts: OrphanFacts): Reason[] {
  const main = tellOutcome(facts);
  const own = facts.loss?.unattributed.get(serviceKey(facts.source));
  const reasons = main === null ? [] : [main];
  if (own === undefined) return reasons;
  const text = `${own.orphans} requests to this service came from a remote parent that never arrived, from a caller nobody has seen; that is nobody's loss here until the caller or the proxy before it sends spans.`;
  return [...reasons, { code: 'ORPHANS_UNATTRIBUTED', text }];
}

const VETOES = {
  NOT_SETTLED: ({ loss, nowMs }: OrphanFacts) =>
    loss === null
      ? 'Parents and children have not been matched yet; that takes half a minute after the first spans.'
      : `Parents and children were last matched ${Math.round((nowMs - loss.settledUntilMs) / 1_000)} s ago; see whether the judge keeps up.`,
  SAMPLING_INCONSISTENT: () =>
    'This service, or all that could speak about it, samples inconsistently, so a missing parent may never have been kept; see the verdict of dimension sampling.',
  SAMPLING_NOT_FOLLOWED: () =>
    'All that could speak about this service keep traces that a caller of theirs did not, by the marks of both (th falls, or is gone, from parent to child), so a missing parent may never have been kept. Give the services called a parent-based or consistent sampler, and see that tracestate is passed on.',
  LOOKS_SAMPLED: ({ loss, source }: OrphanFacts) => {
    const { localOrphans = 0, localChildren = 0 } = loss?.sampledAlone.get(serviceKey(source)) ?? {};
    return `Spans of this service are missing by whole traces and singly: its callees miss their parents, but of ${localChildren} of its own inner spans only ${localOrphans} do, which lost spans or batches would not leave so. Its sampler seems to decide alone: make it parent-based, or have it mark what it keeps (th). If it does not sample, look for an instance none of whose spans arrives.`;
  },
  MISSING_SINCE_FIRST_SEEN: ({ loss, source }: OrphanFacts) => {
    const sinceMs = loss?.missingSinceFirstSeen.get(serviceKey(source)) ?? 0;
    return `Parents of this service's calls are missing since it was first seen (${rfc3339(sinceMs)}), so a loss cannot be told yet from a sampler of its own or from calls that stay open; what is still missing after ${NEW_MS / 60_000} minutes counts as lost. Look at its sampler and at its exporter.`;
  },
  NO_REMOTE_CHILDREN: ({ source }: OrphanFacts) =>
    `No span of another service names a span of ${sourceLabel(source)} as its remote parent, so what is missing leaves no gap. It becomes knowable when a service it calls sends spans with propagated context.`,
  PARENTS_LATE: ({ lateShare, loss }: OrphanFacts) =>
    `${(100 * lateShare).toPrecision(2)} % of the newest spans arrived later than the ${Math.round((loss?.lagMs ?? 0) / 1_000)} s that parents are waited for, so a missing parent may be late rather than lost; see the verdict of dimension timeliness.`,
  PARENTS_OPEN: ({ openShare, loss }: OrphanFacts) =>
    `${(100 * openShare).toPrecision(2)} % of the calls of the last ten minutes arrived more than the ${Math.round((loss?.lagMs ?? 0) / 1_000)} s after their start that parents are waited for, so a missing parent may still be open rather than lost. Look at calls that stay open (streams, long polls, jobs); shorter spans, or links to them, make the loss knowable.`,
  CALLER_SILENT: ({ silentMs }: OrphanFacts) =>
    `Nothing has arrived from this service for ${Math.round((silentMs ?? 0) / 1_000)} s, so missing parents may be late rather than lost; after a minute they count as lost.`,
} as const;

function tellOutcome({ judged, limits, fast, slow }: OrphanFacts): Reason | null {
  if (judged === null || judged.outcome === 'pass') return null;
  const { outcome, decisive } = judged;
  if (outcome === 'fail') {
    const lower = percent(decisive.interval?.lower ?? 0);
    const text = `At least ${lower} of the spans were lost (limit ${percent(limits.fail)}), from ${names(fast, slow)} missing their parents since ${rfc3339(decisive.startMs)}; look at the exporter's queue, its errors and the way to us.`;
    return { code: 'LOSS_ABOVE_LIMIT', text };
  }
  if (decisive.interval === null) {
    const text = `${decisive.n} remote children in ten minutes are too few; 30 are needed.`;
    return { code: 'TOO_FEW', text };
  }
  if (fast?.contradictory === true || slow?.contradictory === true) {
    const text = `Parents are missing at ${names(fast, slow)} but not at the other services called, which loss of this service's spans would hit alike; look for broken context propagation or an unseen caller there.`;
    return { code: 'ORPHANS_UNEXPLAINED', text };
  }
  const shared =
    (fast ?? slow)?.callees.some((callee) => callee.otherCallers > 0 && callee.orphans > 0) ?? false;
  if (shared && decisive.interval.lower === 0 && decisive.interval.estimate > limits.warn) {
    const text = `Orphans at ${names(fast, slow)} may be this service's or another caller's; nothing tells them apart.`;
    return { code: 'ORPHANS_SHARED', text };
  }
  const [low, high] = [percent(decisive.interval.lower), percent(decisive.interval.upper)];
  const text = `The lost share lies between ${low} and ${high}, from ${decisive.n} children and ${slow?.batchCount ?? 0} export batches in ten minutes; to pass it must be shown to be at most ${percent(limits.warn)}.`;
  return { code: 'LOSS_UNDECIDED', text };
}

function names(fast: CallerLoss | null, slow: CallerLoss | null): string {
  const hit = ((fast ?? slow)?.callees ?? []).filter((callee) => callee.orphans > 0);
  const sorted = hit.sort((a, b) => b.attributed - a.attributed).map((callee) => callee.callee.serviceName);
  return sorted.length === 0 ? 'its callees' : sorted.slice(0, 3).join(', ');
}
