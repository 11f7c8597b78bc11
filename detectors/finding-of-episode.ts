import type { DriftEpisode } from '../core/drift-episode.ts';
import type { Finding, FindingState } from '../core/finding.ts';
import type { SystemHistory } from '../core/system-history.ts';
import { rfc3339 } from '../core/time.ts';

const MINUTE_MS = 60_000;

/** An episode as it is kept and told: the same id from first suspicion to close, whoever computes it and how often. */
export function findingOfEpisode(
  episode: DriftEpisode,
  of: { readonly history: Pick<SystemHistory, 'startMs'>; readonly groupLead: DriftEpisode },
): Finding {
  const at = (minute: number) => of.history.startMs + minute * MINUTE_MS;
  const { kind, subject, culprit, confirmedMinute, closedMinute, effect, confidence, reasons, decisions } =
    episode;
  return {
    id: episodeId(episode, of.history),
    kind,
    subject,
    culprit,
    state: stateOf(episode),
    onsetAtMs: at(episode.onsetMinute),
    detectedAtMs: at(episode.detectedMinute),
    closedAtMs: closedMinute === null ? null : at(closedMinute),
    effect,
    confidence,
    reasons,
    evidence: {
      ...episode.evidence,
      confirmedAt: confirmedMinute === null ? null : rfc3339(at(confirmedMinute)),
      hiddenBy: episode.hiddenBy,
      actors: episode.actors,
      falsifiedBy: episode.falsifiedBy,
      groupLeadId: episodeId(of.groupLead, of.history),
    },
    decisions,
  };
}

/** Detection, not onset, is in the id: an onset may be dated better as more is known. */
function episodeId(episode: DriftEpisode, { startMs }: Pick<SystemHistory, 'startMs'>): string {
  const detectedAt = rfc3339(startMs + episode.detectedMinute * MINUTE_MS);
  return `${episode.kind}:${episode.subject}:${detectedAt}`;
}

function stateOf({ confirmedMinute, closedMinute }: DriftEpisode): FindingState {
  if (closedMinute !== null) return 'closed';
  return confirmedMinute === null ? 'suspect' : 'confirmed';
}
