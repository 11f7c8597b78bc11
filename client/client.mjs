// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';
import { UNREACHABLE_MODES, unreachableMode } from './fail-modes.mjs';
import { keepLimits } from './limits.mjs';
import { readKey, receiptProblem } from './receipt.mjs';

export { UNREACHABLE_MODES };

/** @typedef {import('./client.d.mts').GateAddress} GateAddress */
/** @typedef {import('./client.d.mts').GateRequest} GateRequest */
/** @typedef {import('./client.d.mts').GateDecision} GateDecision */

const TIMEOUT_MS = 2_000;
const ANSWER_BYTES_MAX = 1_048_576;
const LOCAL_VALID_MS = 30_000;
const LOCAL_RETRY_S = 5;
const BUDGET_MS = 600_000;
/** Whatever an answer says: a gate is not asked in a circle. */
const WAIT_MS_MIN = 100;

/** When a budget was used last, by target and kind: one for the whole process. @type {Map<string, number>} */
const spentAtMs = new Map();

/**
 * @param {GateAddress} gate
 * @param {GateRequest} request
 * @returns {Promise<GateDecision>}
 */
export async function askGate(gate, request) {
  const { url, key, timeoutMs = TIMEOUT_MS } = gate;
  /** @type {Record<string, string>} */
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  if (key !== undefined) headers['authorization'] = `Bearer ${key}`;
  const body = JSON.stringify(request);
  const address = `${url.replace(/\/+$/, '')}/api/v1/decisions`;
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(address, { method: 'POST', headers, body, signal, redirect: 'manual' });
    const text = await readText(response);
    // Not the gate's trouble but the question's: no fail mode makes a yes of it.
    if (!response.ok && response.status < 500 && ![408, 425, 429].includes(response.status))
      return refused(`the gate did not take the question: ${response.status} ${text.slice(0, 300)}`);
    if (!response.ok) return unreachable(gate, request, `the gate answered ${response.status}`);
    const answer = parseDecision(text);
    return answer ?? unreachable(gate, request, 'what answered is no decision');
  } catch (error) {
    return unreachable(gate, request, `the gate did not answer (${reasonOf(error)})`);
  }
}

/** @param {unknown} error */
function reasonOf(error) {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}

/** A server that never ends its answer has not answered. @param {Response} response */
async function readText(response) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error('its answer does not end');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Null unless everything that permits and bounds an action is there. @param {string} text @returns {GateDecision | null} */
function parseDecision(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value) || !isRecord(value['limits'])) return null;
  const { decision, decisionId, validUntil, retryAfterS, reasons, wouldAllowIf } = value;
  const isWhole =
    ['allow', 'deny', 'hold'].includes(String(decision)) &&
    typeof decisionId === 'string' &&
    decisionId !== '' &&
    typeof validUntil === 'string' &&
    Number.isFinite(Date.parse(validUntil)) &&
    (retryAfterS === null || (typeof retryAfterS === 'number' && retryAfterS >= 0)) &&
    Array.isArray(reasons) &&
    Array.isArray(wouldAllowIf);
  return isWhole ? /** @type {GateDecision} */ (/** @type {unknown} */ ({ ...value, local: null })) : null;
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isRecord(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * @param {GateDecision['decision']} decision
 * @param {NonNullable<GateDecision['local']>} local
 * @param {{ limits?: Record<string, unknown>, failMode?: string | null }} [more]
 * @returns {GateDecision}
 */
function localDecision(decision, local, { limits = {}, failMode = null } = {}) {
  const code = local.because === 'unreachable' ? 'GATE_UNREACHABLE' : 'QUESTION_REFUSED';
  const severity = decision === 'allow' ? 'info' : 'blocking';
  return {
    decision,
    decisionId: null,
    validUntil: new Date(Date.now() + LOCAL_VALID_MS).toISOString(),
    retryAfterS: decision === 'allow' ? null : LOCAL_RETRY_S,
    reasons: [{ code, text: local.text, constraint: 'built-in', severity, since: null, evidence: null }],
    limits,
    wouldAllowIf: decision === 'allow' ? [] : ['the gate answers'],
    failMode,
    receipt: null,
    local,
  };
}

/** @param {string} why */
function refused(why) {
  return localDecision('hold', { because: 'refused', text: why, pages: true });
}

/**
 * @param {GateAddress} gate
 * @param {GateRequest} request
 * @param {string} why
 */
function unreachable({ whenUnreachable = 'table' }, request, why) {
  const { action } = request;
  const row = unreachableMode(action);
  const mode = whenUnreachable === 'closed' && row.unreachable !== 'hold' ? 'closed' : row.unreachable;
  const local = /** @type {const} */ ({
    because: 'unreachable',
    text: `${why}; ${action.kind} is then ${mode}`,
    pages: row.pages,
  });
  const failMode = `unreachable: ${mode}`;
  if (mode === 'open') return localDecision('allow', local, { failMode });
  if (mode === 'capped')
    return localDecision('allow', local, { failMode, limits: { maxIncreaseRatio: row.capRatio } });
  if (mode === 'budget' && spend(request)) return localDecision('allow', local, { failMode });
  return localDecision(mode === 'closed' ? 'deny' : 'hold', local, { failMode });
}

/** True once in ten minutes for a target, however often it is asked. @param {GateRequest} request */
function spend({ action, target, mode }) {
  const nowMs = performance.now(); // a clock that is set must not renew a budget
  for (const [key, atMs] of spentAtMs) if (nowMs - atMs >= BUDGET_MS) spentAtMs.delete(key);
  // One pod after the other of a service is a restart of many.
  const key = `${action.kind} ${target['namespace'] ?? ''}/${target['service'] ?? JSON.stringify(target)}`;
  if (spentAtMs.has(key)) return false;
  if (mode !== 'shadow') spentAtMs.set(key, nowMs);
  return true;
}

/**
 * @template Result
 * @param {GateAddress} gate
 * @param {GateRequest} request
 * @param {(permission: import('./client.d.mts').Permission) => Result | Promise<Result>} act
 * @param {import('./client.d.mts').GuardOptions} [options]
 * @returns {Promise<import('./client.d.mts').Guarded<Result>>}
 */
export async function guard(gate, request, act, options = {}) {
  const { deadlineMs = 0, publicKeys, signal } = options;
  for (const key of publicKeys ?? []) readKey(key); // before anything is asked: a bad key is a mistake of the caller
  const untilMs = performance.now() + deadlineMs;
  for (;;) {
    signal?.throwIfAborted();
    const decision = await askGate(gate, request);
    signal?.throwIfAborted();
    const permitted = decision.decision === 'allow' ? await permit(decision, request, options) : null;
    if (permitted !== null && 'to' in permitted) {
      const leftMs = Date.parse(decision.validUntil) - Date.now();
      const ends = AbortSignal.timeout(Math.max(0, leftMs));
      const both = signal === undefined ? ends : AbortSignal.any([ends, signal]);
      return { acted: true, result: await act({ decision, to: permitted.to, signal: both }), decision };
    }
    const why = permitted?.why ?? whyOf(decision);
    const waitMs = Math.max(WAIT_MS_MIN, 1_000 * (decision.retryAfterS ?? LOCAL_RETRY_S));
    const mayChange = decision.decision === 'hold' || decision.local?.because === 'unreachable';
    if (!mayChange || permitted !== null || performance.now() + waitMs > untilMs)
      return { acted: false, why, decision };
    await sleep(waitMs, undefined, signal === undefined ? {} : { signal });
  }
}

/** @param {GateDecision} decision */
function whyOf({ decision, reasons }) {
  const blocking = reasons.filter(({ severity }) => severity === 'blocking');
  return `${decision}: ${(blocking.length > 0 ? blocking : reasons).map(({ text }) => text).join(' ')}`;
}

/**
 * Whether an allow is one for this, now.
 * @param {GateDecision} decision
 * @param {GateRequest} request
 * @param {import('./client.d.mts').GuardOptions} options
 * @returns {Promise<{ to: Record<string, unknown> } | { why: string }>}
 */
async function permit(decision, request, { clamp = false, planGeneration, publicKeys }) {
  if (request.mode === 'shadow') return { why: 'it was asked in shadow mode, which permits nothing' };
  const kept = keepLimits(request.action, decision.limits, { clamp });
  if ('beyond' in kept) return { why: `allowed, but not this: ${kept.beyond}` };
  if (publicKeys !== undefined && decision.local === null) {
    const problem = receiptProblem(decision.receipt, { publicKeys, request, decision, nowMs: Date.now() });
    if (problem !== null) return { why: `allowed, but ${problem}` };
  }
  const current = planGeneration === undefined ? null : await planGeneration();
  if (current !== null && current !== request.action.planGeneration)
    return { why: `the plan is ${current} by now, and was asked for as ${request.action.planGeneration}` };
  // Last: whatever was waited for above, an allow that ended meanwhile is none.
  if (!(Date.now() < Date.parse(decision.validUntil)))
    return { why: `the allow ended at ${decision.validUntil}` };
  return kept;
}
