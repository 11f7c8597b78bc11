import type { Decision, DecisionReason, DecisionRequest, Outcome, TrustComponent } from '../core/decision.ts';
import { canonicalJson } from './canonical-json.ts';
import type { DecisionBody } from './decide.ts';
import type { ReceiptClaims } from './receipts/receipt-claims.ts';

/** What is decided, before the ledger gives it its number and its place in the chain. */
export interface Undated {
  readonly decidedAtMs: number;
  readonly decisionId: string;
  readonly request: DecisionRequest;
  readonly body: DecisionBody;
}

export interface UndatedOutcome {
  readonly recordedAtMs: number;
  readonly outcome: Outcome;
}

/** What a line gets by being recorded: its place, the hash over it, and of a decision in force its receipt. */
export interface Recorded {
  readonly seq: number;
  readonly prevHash: string;
  readonly hash: string;
  readonly receipt: string | null;
}

/**
 * A line to be, as text: canonical JSON is made once, and a text goes to another thread for a fifth of what objects
 * cost. What only the ledger knows is left open.
 */
export interface LedgerEntry {
  /** Around the gaps: the hash before (twice in a decision, which says it too), then the number (so as well). */
  readonly texts: readonly string[];
  /** What its receipt says besides the place, as members of a JSON object; null where none is given. */
  readonly claims: string | null;
}

/** The answer's own text, around three gaps: the hash before, the receipt, the number. */
type AnswerTexts = readonly [string, string, string, string];

interface DecisionEntry extends LedgerEntry {
  readonly answer: AnswerTexts;
}

/** @throws RangeError for what JSON has no word for */
export function decisionEntry(undated: Undated): DecisionEntry {
  const { decidedAtMs, request } = undated;
  const mode = request.mode ?? 'enforce';
  const answer = answerTexts(undated);
  const [beforeHash, beforeReceipt, beforeSeq, end] = answer;
  return {
    texts: [
      `{"decidedAtMs":${canonicalJson(decidedAtMs)},"mode":"${mode}","prevHash":"`,
      `","request":${canonicalJson(request)},"response":${beforeHash}`,
      `${beforeReceipt}null${beforeSeq}`,
      `${end},"seq":`,
      '}',
    ],
    claims: mode === 'shadow' ? null : claimsText(undated),
    answer,
  };
}

/** @throws RangeError for what JSON has no word for */
export function outcomeEntry({ recordedAtMs, outcome }: UndatedOutcome): LedgerEntry {
  return {
    texts: [
      `{"outcome":${canonicalJson(outcome)},"prevHash":"`,
      `","recordedAtMs":${canonicalJson(recordedAtMs)},"seq":`,
      '}',
    ],
    claims: null,
  };
}

/** Else how one turned out: that has one gap for each of its two. */
export function isDecision(texts: LedgerEntry['texts']): boolean {
  return texts.length === 5;
}

/** Canonical JSON of the line at its place. @param torn see `LinePlace` */
export function entryContent(
  { texts }: LedgerEntry,
  {
    seq,
    prevHash,
    torn,
  }: { readonly seq: number; readonly prevHash: string; readonly torn?: string | undefined },
): string {
  const end = torn === undefined ? '}' : `,"torn":"${torn}"}`;
  const [first, second, third, fourth] = texts;
  return !isDecision(texts)
    ? `${first}${prevHash}${second}${seq}${end}`
    : `${first}${prevHash}${second}${prevHash}${third}${seq}${fourth}${seq}${end}`;
}

/** The decision as it is answered, in canonical JSON: what was hashed, and its receipt. */
export function answerText({ answer }: DecisionEntry, { prevHash, receipt, seq }: Recorded): string {
  const [beforeHash, beforeReceipt, beforeSeq, end] = answer;
  return `${beforeHash}${prevHash}${beforeReceipt}${receipt === null ? 'null' : `"${receipt}"`}${beforeSeq}${seq}${end}`;
}

export function decisionOf({ decisionId, body }: Undated, { seq, prevHash, receipt }: Recorded): Decision {
  return { ...body, decisionId, seq, prevHash, receipt };
}

function answerTexts({ decisionId, body }: Undated): AnswerTexts {
  const { constraintSet, data, decision, failMode, limits, reasons, retryAfterS, validUntil, wouldAllowIf } =
    body;
  const json = JSON.stringify;
  return [
    `{"constraintSet":${json(constraintSet)},"data":${json(sortedData(data))},"decision":"${decision}","decisionId":${json(decisionId)},"failMode":${json(failMode)},"limits":${canonicalJson(limits)},"prevHash":"`,
    `","reasons":${json(reasons.map(sortedReason))},"receipt":`,
    `,"retryAfterS":${json(finite(retryAfterS))},"seq":`,
    `,"validUntil":${json(validUntil)},"wouldAllowIf":${json(wouldAllowIf)}}`,
  ];
}

/** With names in order, so that the engine's own JSON is canonical: it takes a quarter of the time. */
function sortedData({ components, confidence, state }: Decision['data']): Decision['data'] {
  return { components: components.map(sortedComponent), confidence: finite(confidence), state };
}

function sortedComponent(component: TrustComponent): TrustComponent {
  const { dimension, estimate, lower, required, source, state, upper, validUntil } = component;
  const [at, from, to] = [finite(estimate), finite(lower), finite(upper)];
  return { dimension, estimate: at, lower: from, required, source, state, upper: to, validUntil };
}

function sortedReason({ code, constraint, evidence, severity, since, text }: DecisionReason): DecisionReason {
  return { code, constraint, evidence, severity, since, text };
}

/** JSON.stringify writes null for what has no JSON form. @throws RangeError */
function finite(value: number | null): number | null {
  if (value !== null && !Number.isFinite(value)) throw new RangeError(`${value} has no JSON form`);
  return value;
}

function claimsText({ decidedAtMs, decisionId, request, body }: Undated): string {
  const { kind, from = null, to = null, planGeneration = null } = request.action;
  const claims: Omit<ReceiptClaims, 'iss' | 'seq' | 'lineHash' | 'prevHash'> = {
    jti: decisionId,
    iat: decidedAtMs / 1_000,
    exp: Date.parse(body.validUntil) / 1_000,
    decision: body.decision,
    actor: request.actor.id,
    action: { kind, from, to },
    target: request.target,
    planGeneration,
    limits: body.limits,
    constraintSet: body.constraintSet,
  };
  return JSON.stringify(claims).slice(1, -1);
}
