import { effectSize, isDoubled } from './effect-size.ts';
import type { Finding } from './finding.ts';
import type { FindingAct } from './finding-act.ts';
import { rfc3339 } from './time.ts';

/** Closes by people, by the id of the finding. */
export type Closes = ReadonlyMap<string, FindingAct>;

/** A finding as it stands once a person closed it. */
export function closedByPerson(finding: Finding, close: FindingAct): Finding {
  return {
    ...finding,
    state: 'closed',
    closedAtMs: close.atMs,
    reasons: [{ code: 'CLOSED_BY_PERSON', text: `${close.by} closed it: ${close.reason}` }],
    evidence: {
      ...finding.evidence,
      closedBy: { by: close.by, at: rfc3339(close.atMs), reason: close.reason },
      stateBefore: finding.state,
    },
  };
}

/** As it was before a person closed it, for a detector that has to see whether it goes on. */
export function asBeforeClose(finding: Finding): Finding {
  const state = finding.evidence['stateBefore'] as Finding['state'] | undefined;
  return { ...finding, state: state ?? 'suspect', closedAtMs: null };
}

/** The findings of one episode are `X`, and `X~2`, `X~3` where it grew after a person had closed the one before. */
function idOf(baseId: string, count: number): string {
  return count === 1 ? baseId : `${baseId}~${count}`;
}

/**
 * What is to be said of an episode of which people closed a finding: nothing while it goes on as it was, a new finding
 * once its effect has doubled since. The new one then goes on until it recovers, or is closed too.
 * @param found as a detector says it now, under any id of its episode
 * @param isOpen is the finding of this id open in the store
 */
export function afterCloses(
  found: Finding,
  { closes, isOpen }: { closes: Closes; isOpen: (id: string) => boolean },
): Finding | null {
  const baseId = found.id.replace(/~\d+$/, '');
  let count = 1;
  let close: FindingAct | undefined;
  for (let next = closes.get(baseId); next !== undefined; next = closes.get(idOf(baseId, count))) {
    close = next;
    count += 1;
  }
  if (close === undefined) return found;
  const id = idOf(baseId, count);
  const hasGrown = found.state !== 'closed' && isDoubled(close.effectSize, effectSize(found));
  return isOpen(id) || hasGrown ? reopened(found, id, close) : null;
}

function reopened(found: Finding, id: string, close: FindingAct): Finding {
  const { closedBy: _, stateBefore: __, ...evidence } = found.evidence;
  const worse = {
    code: 'WORSE_THAN_CLOSED',
    text: `At least twice what it was when ${close.by} closed it (${rfc3339(close.atMs)}: ${close.reason}).`,
  };
  return {
    ...found,
    id,
    reasons: found.state === 'closed' ? found.reasons : [...found.reasons, worse],
    evidence: { ...evidence, reopens: close.findingId },
  };
}
