import { effectSize } from '../../core/effect-size.ts';
import type { Finding } from '../../core/finding.ts';
import type { FindingAct } from '../../core/finding-act.ts';

/** What Ada does about a finding as it is now. */
export function makeAct(finding: Finding, changes: Partial<FindingAct> = {}): FindingAct {
  return {
    id: `a-${finding.id}-${changes.act ?? 'ack'}-${changes.atMs ?? 0}`,
    findingId: finding.id,
    act: 'ack',
    atMs: 0,
    by: 'Ada',
    reason: 'known',
    untilMs: null,
    feedback: null,
    kind: finding.kind,
    subject: finding.subject,
    metric: finding.effect.metric,
    constraint: '',
    effectSize: effectSize(finding),
    ...changes,
  };
}
