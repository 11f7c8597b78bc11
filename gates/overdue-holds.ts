import type { ClickHouseClient } from '@clickhouse/client';
import { afterCloses, type Closes } from '../core/close-by-person.ts';
import type { DecisionRequest } from '../core/decision.ts';
import type { Finding } from '../core/finding.ts';
import { rfc3339 } from '../core/time.ts';
import { readCloses } from '../store/finding-acts.ts';
import { writeFinding } from '../store/findings.ts';
import { hashText } from './ledger-line.ts';
import type { HeldQuestion, RecentActions } from './recent-actions.ts';

/** Told again so often, so that others see that it is still asked. */
const WRITE_EVERY_MS = 300_000;
/** Of another replica, or of this one before a restart: asked no more when nothing was written for so long. */
const SILENT_MS = 1_200_000;
const OVERDUE_MAX = 1_000;

interface Overdue {
  readonly request: DecisionRequest;
  held: HeldQuestion;
  decisionId: string;
  readonly holdMaxMs: number;
  reason: string;
  writtenAtMs: number;
}

/** Questions that are held for longer than people meant: each becomes a finding, so that somebody is told. */
export class OverdueHolds {
  readonly #overdue = new Map<string, Overdue>();

  /** A question was held again, past the maximum age of a hold. */
  note(of: {
    request: DecisionRequest;
    held: HeldQuestion;
    decisionId: string;
    holdMaxMs: number;
    reason: string;
  }): void {
    const id = idOf(of);
    const known = this.#overdue.get(id);
    if (known === undefined && this.#overdue.size >= OVERDUE_MAX) return;
    // The same object again: a write of it may be under way.
    this.#overdue.set(id, Object.assign(known ?? { ...of, writtenAtMs: Number.NEGATIVE_INFINITY }, of));
  }

  /** Writes what is new, and closes what is no longer held. @throws PipelineError store_* */
  async refresh(
    client: ClickHouseClient,
    of: { recent: RecentActions; openFindings: readonly Finding[]; nowMs: number },
  ): Promise<void> {
    const { recent, openFindings, nowMs } = of;
    const openIds = new Set(openFindings.map((finding) => finding.id));
    let closes: Closes | null = null;
    /** What a person closed is not opened again before it has doubled. */
    const write = async (finding: Finding) => {
      closes ??= await readCloses(client);
      const said = afterCloses(finding, { closes, isOpen: (id) => openIds.has(id) });
      if (said !== null) await writeFinding(client, said, nowMs);
    };
    for (const [id, overdue] of this.#overdue) {
      const held = recent.held(overdue.request);
      if (held === null || held.sinceMs !== overdue.held.sinceMs) {
        await write({ ...findingOf(id, overdue, nowMs), state: 'closed', closedAtMs: nowMs });
        this.#overdue.delete(id);
      } else if (nowMs - overdue.writtenAtMs >= WRITE_EVERY_MS) {
        await write(findingOf(id, overdue, nowMs));
        overdue.writtenAtMs = nowMs;
      }
    }
    for (const finding of openFindings) {
      if (finding.kind !== 'overdue-hold' || this.#overdue.has(finding.id)) continue;
      const seenAtMs = Date.parse(String(finding.evidence['seenAt']));
      if (nowMs - seenAtMs > SILENT_MS)
        await writeFinding(client, { ...finding, state: 'closed', closedAtMs: nowMs }, nowMs);
    }
  }
}

function idOf({ request: { actor, action, target }, held }: Pick<Overdue, 'request' | 'held'>): string {
  const question = JSON.stringify([actor.id, action.kind, action.planGeneration ?? '', target, held.sinceMs]);
  return `overdue-hold-${hashText(question).slice(0, 16)}`;
}

function findingOf(
  id: string,
  { request, held, decisionId, holdMaxMs, reason }: Overdue,
  nowMs: number,
): Finding {
  const { actor, action, target } = request;
  const times = (nowMs - held.sinceMs) / holdMaxMs;
  return {
    id,
    kind: 'overdue-hold',
    subject: target['service'] ?? Object.values(target).join('/'),
    culprit: actor.id,
    state: 'confirmed',
    onsetAtMs: held.sinceMs,
    detectedAtMs: held.sinceMs + holdMaxMs,
    closedAtMs: null,
    effect: { metric: 'hold_age', ratio: times, lower: times, upper: times, atEqualLoad: false },
    confidence: 1,
    reasons: [
      {
        code: 'HOLD_OVERDUE',
        text: `${actor.id} asks for ${action.kind} and is held since ${rfc3339(held.sinceMs)}, ${held.times} times by now. ${reason}`,
      },
    ],
    evidence: {
      confirmedAt: rfc3339(held.sinceMs + holdMaxMs),
      seenAt: rfc3339(nowMs),
      kind: action.kind,
      target,
    },
    decisions: [...new Set([held.decisionId, decisionId])],
  };
}
