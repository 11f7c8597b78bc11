import { hashText } from './ledger-line.ts';
import { rootOfProof } from './ledger-proof.ts';
import type { DecisionProof } from './prove-decision.ts';
import type { PublicKey } from './receipts/public-key.ts';
import { openNote } from './receipts/signed-note.ts';
import { parseTreeHead } from './receipts/tree-head.ts';

/** What is wrong with a proof; null when the decision is in the ledger that one of the keys signed. */
export function proofProblem(proof: DecisionProof, keys: readonly PublicKey[]): string | null {
  const opened = openNote(proof.checkpoint, keys);
  if ('problem' in opened) return `its checkpoint ${opened.problem}`;
  const head = parseTreeHead(opened.text);
  if (head === null) return 'what was signed is no checkpoint';
  const root = rootOfProof(hashText(proof.line), {
    index: proof.index,
    size: head.size,
    path: proof.path.map((hash) => Buffer.from(hash, 'base64')),
  });
  if (root?.toString('base64') !== head.root) return 'the line does not lead to the signed root';
  const { seq, response } = JSON.parse(proof.line) as { seq?: unknown; response?: { decisionId?: unknown } };
  if (response?.decisionId !== proof.decisionId) return `the line is not about ${proof.decisionId}`;
  return seq === proof.index + 1 ? null : `the line says it is line ${String(seq)}, not ${proof.index + 1}`;
}
