import {
  type CloudEvent,
  type CloudEventsConfig,
  fittingData,
  sendCloudEvent,
} from '../../alerts/cloud-event.ts';
import { rfc3339 } from '../../core/time.ts';
import type { DecisionSink } from '../../gates/export-decisions.ts';
import type { DecisionRow } from '../../store/decisions.ts';
import { toRecordedDecisionJson } from '../api/decision-json.ts';

/** Sent at once; one that fails is sent again with its batch, under the same id. */
const BATCH_MAX = 20;

export function decisionEvent(row: DecisionRow, source: string): CloudEvent {
  const { request, response } = row;
  const { decision, decisionId, seq, validUntil, prevHash } = response;
  const { actor, action, target } = request;
  const whole = toRecordedDecisionJson(row);
  const short = { decision, decisionId, seq, validUntil, prevHash, hash: row.hash, mode: row.mode };
  return {
    id: decisionId,
    source,
    type: 'dev.plumbline.gate.decision.v1',
    subject: target['service'] ?? actor.id,
    time: rfc3339(row.decidedAtMs),
    data: fittingData(
      { ...whole },
      { ...whole, request: { actor, action: { kind: action.kind }, target }, truncated: true },
      { ...short, truncated: true },
    ),
  };
}

/** Decisions as CloudEvents, from the ledger: none is left out, and one may come twice. */
export function decisionEvents(config: CloudEventsConfig): DecisionSink {
  return {
    name: 'cloud-events',
    batchMax: BATCH_MAX,
    send: async (rows, signal) => {
      await Promise.all(rows.map((row) => sendCloudEvent(decisionEvent(row, config.source), config, signal)));
    },
  };
}
