import type { SystemHistory } from '../../core/system-history.ts';
import { rfc3339 } from '../../core/time.ts';
import { decisionEntry, entryContent } from '../../gates/ledger-entry.ts';
import { GENESIS, lineText } from '../../gates/ledger-line.ts';

const MINUTE_MS = 60_000;

/** What gates decided, as a ledger of those decisions. */
export function ledgerOf({ startMs, decisions, actions }: SystemHistory): string {
  const targets = new Map(actions.map(({ decisionId, to }) => [decisionId, to]));
  let head = GENESIS;
  const lines = decisions.map((decision) => {
    const decidedAtMs = startMs + decision.minute * MINUTE_MS;
    const to = targets.get(decision.id) ?? null;
    const entry = decisionEntry({
      decidedAtMs,
      decisionId: decision.id,
      request: {
        actor: { id: decision.actor },
        action: { kind: decision.kind, ...(to === null ? {} : { to: { value: to } }) },
        target: { service: decision.service },
      },
      body: {
        decision: decision.outcome,
        validUntil: rfc3339(decidedAtMs + MINUTE_MS),
        retryAfterS: null,
        data: { state: 'pass', confidence: null, components: [] },
        reasons: [],
        limits: {},
        wouldAllowIf: [],
        failMode: null,
        constraintSet: 'run',
      },
    });
    const seq = head.seq + 1;
    const { hash, text } = lineText(entryContent(entry, { seq, prevHash: head.hash }));
    head = { seq, hash };
    return text;
  });
  return lines.join('');
}
