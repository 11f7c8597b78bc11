import type { DecisionReason } from '../core/decision.ts';
import type { Finding } from '../core/finding.ts';
import { matchGlob } from '../core/glob.ts';
import { rfc3339 } from '../core/time.ts';
import type { ConstraintSet } from './constraints/constraint-set.ts';
import { builtInFailMode } from './fail-modes.ts';
import { BUILT_IN_HOLDS, FINDING_SAYS, type FindingHold } from './finding-holds.ts';
import type { Question } from './question.ts';
import { NO_OBJECTION, type Vote } from './vote.ts';

/** A row in force, and who wrote it. */
interface HoldInForce extends FindingHold {
  readonly constraint: string;
  readonly isBuiltIn: boolean;
}

/** Service names a finding is about: `checkout`, `shop/checkout`, or both ends of `cart->checkout`. */
export function servicesOf(subject: string): string[] {
  return subject
    .split('->')
    .map((part) => (part.trim().split(/[ #]/)[0] as string).split('/').at(-1) as string);
}

/** Read anew only when something was found: all questions in between look at the same ones. */
const byService = new WeakMap<readonly Finding[], Map<string, Finding[]>>();

function groupByService(findings: readonly Finding[]): Map<string, Finding[]> {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    for (const service of new Set(servicesOf(finding.subject))) {
      const group = groups.get(service) ?? [];
      group.push(finding);
      groups.set(service, group);
    }
  }
  return groups;
}

/** Those whose subject names the service, in their order. */
export function findingsAbout(findings: readonly Finding[], service: string): readonly Finding[] {
  if (findings.length === 0) return findings;
  let groups = byService.get(findings);
  if (groups === undefined) {
    groups = groupByService(findings);
    byService.set(findings, groups);
  }
  return groups.get(service) ?? [];
}

/** Not closed, and sure enough. Where its data went away it stays as sure as it was: missing data resolve nothing. */
function isOpen({ state, closedAtMs, evidence }: Finding, { suspects }: FindingHold): boolean {
  if (closedAtMs !== null) return false;
  const wasConfirmed = state === 'cannot-say' && typeof evidence['confirmedAt'] === 'string';
  return state === 'confirmed' || wasConfirmed || (suspects && state !== 'closed');
}

/** Who acted, as far as the finding knows; a culprit that is a loop or a service is nobody who asks. */
function actorsOf({ culprit, evidence }: Finding): readonly unknown[] {
  const actors = evidence['actors'];
  if (Array.isArray(actors)) return actors;
  return culprit === null ? [] : [culprit];
}

/** The actor by the name it asks with and by the one that its owners gave it. */
function namesOf(actorId: string, sets: readonly ConstraintSet[]): string[] {
  const rows = sets.flatMap(({ automation }) => automation);
  const same = rows.filter(({ actor, identity }) => actor === actorId || identity === actorId);
  return [actorId, ...same.flatMap(({ actor, identity = actor }) => [actor, identity])];
}

/** What people wrote for a kind in any set about the target, else what is built in for it. */
function holdsFor(finding: Finding['kind'], { sets }: Question): HoldInForce[] {
  const written = sets.flatMap(({ metadata, drift }) =>
    drift.hold
      .filter((row) => row.finding === finding)
      .map((row) => ({ ...row, constraint: `${metadata.name}/drift.hold.${finding}`, isBuiltIn: false })),
  );
  if (written.length > 0) return written;
  return BUILT_IN_HOLDS.filter((row) => row.finding === finding).map((row) => ({
    ...row,
    constraint: 'built-in',
    isBuiltIn: true,
  }));
}

function isFeeding({ kind, stages }: Question, hold: HoldInForce): boolean {
  const isListed =
    hold.stages.some((stage) => stages.includes(stage)) || hold.actions.some((glob) => matchGlob(glob, kind));
  if (!isListed || !hold.isBuiltIn) return isListed;
  const modes = (stages.length === 0 ? [null] : stages).map((stage) => builtInFailMode({ kind, stage }));
  return !modes.every(({ unknown }) => unknown.startsWith('allow'));
}

function isByCulprit(finding: Finding, names: readonly string[]): boolean {
  const actors = actorsOf(finding);
  return actors.length === 0 || names.some((name) => actors.includes(name));
}

function reasonOf(finding: Finding, { constraint, by }: HoldInForce): DecisionReason {
  const { id, kind, subject, effect, onsetAtMs, reasons } = finding;
  const actors = actorsOf(finding);
  const unnamed = actors.length === 0 ? 'Who drives it is not known, so everybody is held.' : '';
  const named = actors.length === 0 ? '' : `Driven by ${actors.join(', ')}.`;
  const who = by === 'culprit' ? named || unnamed : '';
  const said = reasons.map(({ text }) => text).join(' ');
  return {
    code: 'FINDING_OPEN',
    text: [`${subject} ${FINDING_SAYS[kind]} (${effect.metric}).`, who, said]
      .filter((part) => part !== '')
      .join(' '),
    constraint,
    severity: 'blocking',
    since: rfc3339(onsetAtMs),
    evidence: `/api/v1/findings/${encodeURIComponent(id)}`,
  };
}

/**
 * Open findings about the target hold the actions that feed them, by the table or by what people wrote, until they
 * close. A finding never allows anything.
 * @param of.sets every set in force: whose actor is whose is not a matter of one service
 */
export function heldByFindings(
  question: Question,
  of: { readonly findings: readonly Finding[]; readonly sets: readonly ConstraintSet[] },
): Vote {
  const { target, request } = question;
  if (target === null) return NO_OBJECTION;
  const about = findingsAbout(of.findings, target.serviceName);
  if (about.length === 0) return NO_OBJECTION;
  const names = namesOf(request.actor.id, of.sets);
  const held = about.flatMap((finding) => {
    const hold = holdsFor(finding.kind, question).find(
      (row) =>
        isOpen(finding, row) &&
        isFeeding(question, row) &&
        (row.by === 'anyone' || isByCulprit(finding, names)),
    );
    return hold === undefined ? [] : [{ finding, hold }];
  });
  if (held.length === 0) return NO_OBJECTION;
  return {
    outcome: 'hold',
    reasons: held.map(({ finding, hold }) => reasonOf(finding, hold)),
    wouldAllowIf: held.map(({ finding: { id, subject } }) => `finding ${id} about ${subject} is closed`),
    retryAfterS: 30,
  };
}
