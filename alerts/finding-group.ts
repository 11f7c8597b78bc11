import type { Finding, FindingState } from '../core/finding.ts';

/**
 * One subject of reports: all findings of one cause. Of one kind about one service there is one cause: a service that
 * has settled in a bad state misses several of its intents at once. Others have one where a detector says so
 * (`evidence.groupLeadId`): a cache that is tuned too far, the answers it hides and the store it overloads. On-call
 * reads one report.
 */
export interface FindingGroup {
  /** `finding:<kind>:<subject>` of the finding it began with, the subject URL-encoded. */
  readonly subjectId: string;
  /** The finding the report speaks of first: the one its detector names, else it stays the same while it is open. */
  readonly lead: Finding;
  readonly others: readonly Finding[];
}

/** What open reports say, by which a report goes on where it was. */
export interface OpenReports {
  /** The finding an open report of the subject leads with, or null. */
  readonly leadIdOf: (subjectId: string) => string | null;
  /** The subject of the open report that covers a finding, or null. */
  readonly subjectOf: (findingId: string) => string | null;
}

const STATES: readonly FindingState[] = ['closed', 'cannot-say', 'suspect', 'confirmed'];

export function groupFindings(
  findings: readonly Finding[],
  { leadIdOf, subjectOf }: OpenReports,
): FindingGroup[] {
  const subjects = subjectsByCause(findings, subjectOf);
  const groups = Map.groupBy(findings, (finding) => subjects.get(finding) as string);
  return [...groups].map(([subjectId, group]) => {
    const named = new Set(group.filter(isOpen).map(groupLeadIdOf));
    const lead =
      group.find((finding) => isOpen(finding) && named.has(finding.id)) ??
      group.find((finding) => isOpen(finding) && finding.id === leadIdOf(subjectId)) ??
      highest(group);
    return { subjectId, lead, others: group.filter((finding) => finding !== lead) };
  });
}

/** What was told before its cause was known goes on in the report it has, or that report would never close. */
function subjectsByCause(
  findings: readonly Finding[],
  subjectOf: OpenReports['subjectOf'],
): Map<Finding, string> {
  const subjects = new Map<Finding, string>();
  for (const [causeId, members] of Map.groupBy(findings, causeOf)) {
    const lead = members.find((finding) => isOpen(finding) && finding.id === causeId) ?? highest(members);
    const told = [lead, ...members].map(({ id }) => subjectOf(id)).find((subject) => subject !== null);
    const shared = told ?? findingSubjectId(lead);
    for (const member of members) subjects.set(member, subjectOf(member.id) ?? shared);
  }
  return subjects;
}

export function findingSubjectId({ kind, subject }: Finding): string {
  return `finding:${kind}:${encodeURIComponent(subject)}`;
}

function groupLeadIdOf({ evidence }: Finding): string | null {
  const id = evidence['groupLeadId'];
  return typeof id === 'string' ? id : null;
}

function causeOf(finding: Finding): string {
  return groupLeadIdOf(finding) ?? findingSubjectId(finding);
}

function isOpen({ state }: Finding): boolean {
  return state !== 'closed';
}

function highest(findings: readonly Finding[]): Finding {
  return findings.reduce((a, b) => (rank(b) > rank(a) ? b : a));
}

function rank({ state }: Finding): number {
  return STATES.indexOf(state);
}
