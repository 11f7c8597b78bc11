import type { Finding, FindingState } from '../core/finding.ts';

/**
 * One subject of reports: all findings of one kind about one service. A service that has settled in a bad state
 * misses several of its intents at once; that is one cause, and on-call reads one report.
 */
export interface FindingGroup {
  /** `finding:<kind>:<subject>`, the subject URL-encoded. */
  readonly subjectId: string;
  /** The finding the report speaks of first; it stays the same while it is open. */
  readonly lead: Finding;
  readonly others: readonly Finding[];
}

const STATES: readonly FindingState[] = ['closed', 'cannot-say', 'suspect', 'confirmed'];

/** @param leadIdOf the finding an open report of the subject leads with, or null */
export function groupFindings(
  findings: readonly Finding[],
  leadIdOf: (subjectId: string) => string | null,
): FindingGroup[] {
  const members = Map.groupBy(findings, findingSubjectId);
  return [...members].map(([subjectId, group]) => {
    const led = group.find(({ id, state }) => id === leadIdOf(subjectId) && state !== 'closed');
    const lead = led ?? group.reduce((a, b) => (rank(b) > rank(a) ? b : a));
    return { subjectId, lead, others: group.filter((finding) => finding !== lead) };
  });
}

export function findingSubjectId({ kind, subject }: Finding): string {
  return `finding:${kind}:${encodeURIComponent(subject)}`;
}

function rank({ state }: Finding): number {
  return STATES.indexOf(state);
}
