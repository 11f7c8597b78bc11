import { effectSize, isDoubled } from './effect-size.ts';
import type { Finding } from './finding.ts';
import type { FindingAct } from './finding-act.ts';

/** What the acts of people mean for telling of some findings of one cause. */
export interface Silence {
  /** By this nobody is told of news now; null: as always. */
  readonly by: FindingAct | null;
  /** It no longer holds, for what it is about has doubled since. */
  readonly outgrown: FindingAct | null;
  /** A snooze that came to its end. */
  readonly ended: FindingAct | null;
}

export const NO_SILENCE: Silence = { by: null, outgrown: null, ended: null };

/**
 * The last acknowledgement or snooze of any of these findings counts for all of them: on-call reads one report of one
 * cause. An acknowledgement holds until what it is about doubles; a snooze until then or until its end.
 */
export function silenceOf(findings: readonly Finding[], acts: readonly FindingAct[], nowMs: number): Silence {
  const byId = new Map(findings.map((finding) => [finding.id, finding]));
  const last = acts
    .filter(({ act, findingId }) => (act === 'ack' || act === 'snooze') && byId.has(findingId))
    .reduce<FindingAct | null>((a, b) => (a === null || b.atMs >= a.atMs ? b : a), null);
  if (last === null) return NO_SILENCE;
  const now = byId.get(last.findingId) as Finding;
  if (now.state !== 'cannot-say' && isDoubled(last.effectSize, effectSize(now)))
    return { ...NO_SILENCE, outgrown: last };
  if (last.untilMs !== null && last.untilMs <= nowMs) return { ...NO_SILENCE, ended: last };
  return { ...NO_SILENCE, by: last };
}
