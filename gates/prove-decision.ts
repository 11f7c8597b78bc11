import { PipelineError } from '../core/errors.ts';
import { readCheckpointFile } from './checkpoint-file.ts';
import { seqOf } from './ledger-line.ts';
import { InclusionProof } from './ledger-proof.ts';
import { ledgerPath } from './segment-files.ts';
import { verifyLedger } from './verify-ledger.ts';

/** All that somebody needs who trusts the key and has nothing else. */
export interface DecisionProof {
  readonly decisionId: string;
  /** The line as it was hashed: RFC 8785 JSON of question and answer. */
  readonly line: string;
  /** Its place among the leaves, from 0. */
  readonly index: number;
  /** From the leaf to the root, base64. */
  readonly path: readonly string[];
  /** A signed note (C2SP tlog-checkpoint). */
  readonly checkpoint: string;
}

/**
 * Proves that a decision is in the ledger that a checkpoint signs. Reads the ledger twice.
 * @throws PipelineError not_found (no such decision, or not signed yet), internal (the ledger is not intact)
 */
export function proveDecision(dataDir: string, decisionId: string): DecisionProof {
  const checkpoint = readCheckpointFile(ledgerPath(dataDir)).checkpoints.at(-1);
  let found: { index: number; line: string } | undefined;
  const check = verifyLedger(dataDir, {
    onLine: (row, content) => {
      if ('response' in row && row.response.decisionId === decisionId)
        found = { index: seqOf(row) - 1, line: content.toString() };
    },
  });
  if (check.problem !== null) {
    const text = `Nothing is proved by a ledger that is not intact: ${check.problem.text}.`;
    throw new PipelineError('internal', text, { dataDir });
  }
  if (found === undefined) {
    const text = `There is no decision ${decisionId} in the ledger of ${dataDir}: ask the replica that gave it.`;
    throw new PipelineError('not_found', text, { decisionId });
  }
  const { index, line } = found;
  const size = checkpoint?.size ?? 0;
  if (checkpoint === undefined || index >= size) {
    const text = `Line ${index + 1} is not signed yet, the newest checkpoint covers ${size}: ask again in a minute.`;
    throw new PipelineError('not_found', text, { decisionId });
  }
  const proof = new InclusionProof(index, size);
  verifyLedger(dataDir, { onLine: (row) => proof.see(seqOf(row) - 1, row.hash) });
  return { decisionId, line, index, path: proof.path(), checkpoint: checkpoint.note };
}
