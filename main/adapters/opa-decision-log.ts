import { gzipSync } from 'node:zlib';
import { postExport } from '../../alerts/post-export.ts';
import { rfc3339 } from '../../core/time.ts';
import type { DecisionSink } from '../../gates/export-decisions.ts';
import type { DecisionRow } from '../../store/decisions.ts';
import { toDecisionJson } from '../api/decision-json.ts';
import { VERSION } from '../version.ts';

/** An event of OPA's decision log, and what OPA lacks: `seq` and `prev_hash` show what is missing. */
interface DecisionLogEvent {
  readonly labels: Readonly<Record<string, string>>;
  readonly decision_id: string;
  readonly bundles: Readonly<Record<string, { readonly revision: string }>>;
  readonly path: string;
  readonly input: unknown;
  readonly result: unknown;
  readonly requested_by: string;
  readonly timestamp: string;
  readonly seq: number;
  readonly prev_hash: string;
  readonly hash: string;
}

const BATCH_MAX = 100;

/** `checkout@4be1c0e+payments@9f2` as OPA lists bundles. */
function bundlesOf(constraintSet: string): DecisionLogEvent['bundles'] {
  const sets = constraintSet.split('+').filter((set) => set.includes('@'));
  return Object.fromEntries(
    sets.map((set) => {
      const at = set.lastIndexOf('@');
      return [set.slice(0, at), { revision: set.slice(at + 1) }];
    }),
  );
}

function decisionLogEvent(row: DecisionRow, replica: string): DecisionLogEvent {
  const { response, request } = row;
  return {
    labels: { app: 'plumbline', id: replica, version: VERSION, mode: row.mode },
    decision_id: response.decisionId,
    bundles: bundlesOf(response.constraintSet),
    path: `plumbline/decisions/${request.action.kind.replaceAll('.', '/')}`,
    input: request,
    result: toDecisionJson(response),
    requested_by: request.actor.id,
    timestamp: rfc3339(row.decidedAtMs),
    seq: response.seq,
    prev_hash: response.prevHash,
    hash: row.hash,
  };
}

/** POSTs gzip JSON arrays, as OPA's decision log plugin does; receivers know them by that form. */
export function opaDecisionLog({
  url,
  token,
  replica,
}: {
  url: string;
  token: string | undefined;
  /** Each has a chain of its own. */
  replica: string;
}): DecisionSink {
  return {
    name: 'opa-decision-log',
    batchMax: BATCH_MAX,
    send: async (rows, signal) => {
      const events = rows.map((row) => decisionLogEvent(row, replica));
      await postExport(
        { url, token, signal },
        {
          body: new Uint8Array(gzipSync(JSON.stringify(events))),
          headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
        },
      );
    },
  };
}
