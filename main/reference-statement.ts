import { canonicalJson } from '../gates/canonical-json.ts';
import { hashText } from '../gates/ledger-line.ts';
import type { Statement } from '../gates/receipts/statement.ts';

/** What whoever accepts a reference signs: the hash names services, period and numbers. */
export function acceptStatement(accepted: {
  readonly hash: string;
  readonly by: string;
  readonly reason: string;
  readonly at: string;
}): Statement {
  const { hash, by, reason, at } = accepted;
  return { act: 'reference.accept', hash, by, reason, at };
}

/** What whoever takes one back signs. */
export function revokeStatement(revoked: {
  readonly id: string;
  readonly by: string;
  readonly reason: string;
  readonly at: string;
}): Statement {
  const { id, by, reason, at } = revoked;
  return { act: 'reference.revoke', id, by, reason, at };
}

/** An accepted reference has its id from what was signed: a copy under another id is none. */
export function referenceIdOf(accepted: Statement): string {
  return `r_${hashText(canonicalJson(accepted)).slice(0, 32)}`;
}
