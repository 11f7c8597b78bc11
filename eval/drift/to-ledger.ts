import type { SystemHistory } from '../../core/system-history.ts';
import { rfc3339 } from '../../core/time.ts';
import { GENESIS, type HashedLine, lineText } from '../../gates/ledger-line.ts';

const MINUTE_MS = 60_000;

/** What gates decided, as a ledger of those decisions. */
export function ledgerOf({ startMs, decisions, actions }: SystemHistory): string {
  const targets = new Map(actions.map(({ decisionId, to }) => [decisionId, to]));
  let head = GENESIS;
  const lines = decisions.map((decision) => {
    const decidedAtMs = startMs + decision.minute * MINUTE_MS;
    const to = targets.get(decision.id) ?? null;
    const seq = head.seq + 1;
    const line: HashedLine = {
      seq,
      prevHash: head.hash,
      decidedAtMs,
      mode: 'enforce',
      request: {
        actor: { id: decision.actor },
        action: { kind: decision.kind, ...(to === null ? {} : { to: { value: to } }) },
        target: { service: decision.service },
      },
      response: {
        decision: decision.outcome,
        decisionId: decision.id,
        seq,
        validUntil: rfc3339(decidedAtMs + MINUTE_MS),
        retryAfterS: null,
        data: { state: 'pass', confidence: null, components: [] },
        reasons: [],
        limits: {},
        wouldAllowIf: [],
        failMode: null,
        constraintSet: 'run',
        prevHash: head.hash,
        receipt: null,
      },
    };
    const { hash, text } = lineText(line);
    head = { seq, hash };
    return text;
  });
  return lines.join('');
}
