import type { DriftEpisode } from '../core/drift-episode.ts';
import type { SystemHistory } from '../core/system-history.ts';

/** What began further apart has causes of its own, unless one actor did both. */
const SAME_CAUSE_MINUTES = 24 * 60;

export interface EpisodeGroup {
  /** What people read first. */
  readonly lead: DriftEpisode;
  readonly others: readonly DriftEpisode[];
}

/**
 * Episodes of one cause: open at the same time, begun within a day of each other, and about the same service, about
 * two that call each other, or driven by the same actor. The lead is the one that names a cause: a culprit before
 * none, then the service that the others of the group call (a fault travels from callee to caller), then the first.
 */
export function groupEpisodes(
  episodes: readonly DriftEpisode[],
  edges: SystemHistory['edges'],
): EpisodeGroup[] {
  const calls = new Set(edges.map(({ from, to }) => `${from}->${to}`));
  const groups: DriftEpisode[][] = [];
  for (const episode of [...episodes].sort((a, b) => a.onsetMinute - b.onsetMinute)) {
    const mine = groups.filter((group) => group.some((other) => isOneCause(episode, other, calls)));
    for (const group of mine) groups.splice(groups.indexOf(group), 1);
    groups.push([...mine.flat(), episode]);
  }
  return groups.map((group) => {
    const [lead, ...others] = group.toSorted((a, b) => byCause(a, b, group, calls)) as [
      DriftEpisode,
      ...DriftEpisode[],
    ];
    return { lead, others };
  });
}

function isOneCause(a: DriftEpisode, b: DriftEpisode, calls: ReadonlySet<string>): boolean {
  if (!overlaps(a, b)) return false;
  if (a.actors.some((actor) => b.actors.includes(actor))) return true;
  if (Math.abs(a.onsetMinute - b.onsetMinute) > SAME_CAUSE_MINUTES) return false;
  return servicesOf(a).some((from) =>
    servicesOf(b).some((to) => from === to || calls.has(`${from}->${to}`) || calls.has(`${to}->${from}`)),
  );
}

function overlaps(a: DriftEpisode, b: DriftEpisode): boolean {
  const endOf = ({ closedMinute }: DriftEpisode) => closedMinute ?? Number.POSITIVE_INFINITY;
  return a.onsetMinute <= endOf(b) && b.onsetMinute <= endOf(a);
}

function byCause(
  a: DriftEpisode,
  b: DriftEpisode,
  group: readonly DriftEpisode[],
  calls: ReadonlySet<string>,
): number {
  return (
    Number(b.culprit !== null) - Number(a.culprit !== null) ||
    callersIn(b, group, calls) - callersIn(a, group, calls) ||
    a.onsetMinute - b.onsetMinute ||
    a.detectedMinute - b.detectedMinute
  );
}

/** Members of the group that call what this one is about. */
function callersIn(
  episode: DriftEpisode,
  group: readonly DriftEpisode[],
  calls: ReadonlySet<string>,
): number {
  return group.filter((other) =>
    servicesOf(other).some((from) => servicesOf(episode).some((to) => calls.has(`${from}->${to}`))),
  ).length;
}

/** Both ends of `a->b`. */
function servicesOf({ subject }: DriftEpisode): string[] {
  return subject.split('->');
}
