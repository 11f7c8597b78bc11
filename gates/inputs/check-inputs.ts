import type { FailModeInForce } from '../choose-fail-mode.ts';
import type { IntentState } from '../intent-state.ts';
import type { Question } from '../question.ts';
import type { Trust } from '../trust.ts';
import { NO_OBJECTION, type Objection, objection, type Vote } from '../vote.ts';
import { type ReadInput, readInput } from './read-input.ts';

interface Known {
  readonly trust: Trust;
  readonly intents: readonly IntentState[];
  readonly mode: FailModeInForce;
  readonly nowMs: number;
}

/** Of a signal for whose source nobody promised anything. */
const AGE_MS_MAX = 120_000;
/** A share may be read a little off: over another minute, by another path. */
const RATIO_ROOM = 0.02;
const SPANS_MIN = 30;
const FRESH_S_MAX = 30;
const TRAFFIC = /(^|[._-])(requests?|rate|rps|qps|tps|throughput|traffic|calls|load)([._-]|$)/i;

function word(source: string, text: string, wouldAllowIf: string): Objection {
  return { code: source, text, constraint: 'built-in', wouldAllowIf };
}

/** How old the newest item of a source may be, by what its set promises. */
function ageMsMax({ sets }: Question, signal: string): { ms: number; constraint: string } {
  const id = signal.split('.')[0];
  for (const { metadata, sources } of sets) {
    const expect = sources.find((source) => source.id === id)?.expect;
    const ms = expect?.heartbeat ?? (expect?.lag === undefined ? undefined : 1_000 * expect.lag.latenessSMax);
    if (ms !== undefined) return { ms, constraint: `${metadata.name}/${id}` };
  }
  return { ms: AGE_MS_MAX, constraint: 'built-in' };
}

function faultOf(question: Question, input: ReadInput, nowMs: number): Objection | null {
  const { signal, fault, observedAtMs } = input;
  if (fault !== null) {
    const text = `The actor saw ${signal}, but ${fault}: what is missing is no number, and no zero.`;
    return word('INPUT_INVALID', text, `inputs says ${signal} with a finite value and observedAt`);
  }
  const { ms, constraint } = ageMsMax(question, signal);
  const ageMs = nowMs - (observedAtMs ?? 0);
  if (ageMs <= ms) return null;
  const text = `What the actor saw of ${signal} is ${Math.round(ageMs / 1_000)} s old; at most ${ms / 1_000} s are promised.`;
  return {
    ...word('INPUT_STALE', text, `${signal} was observed within the last ${ms / 1_000} s`),
    constraint,
  };
}

/** A zero that nobody else sees: spans of requests came in the last seconds. */
function falseZero(
  { target }: Question,
  { signal, number }: ReadInput,
  { trust, nowMs }: Known,
): Objection | null {
  if (number !== 0 || target === null || !TRAFFIC.test(signal)) return null;
  const { verdict, state, validUntilMs } = trust.read(
    { target, signal: 'traces', dimension: 'timeliness' },
    nowMs,
  );
  const ageS = verdict?.estimators.find(({ id }) => id === 'freshness')?.upper ?? null;
  const isLive = validUntilMs !== null && validUntilMs >= nowMs && state === 'pass';
  if (!isLive || verdict === null || verdict.n < SPANS_MIN || ageS === null || ageS > FRESH_S_MAX)
    return null;
  const text = `The actor saw ${signal} at 0, while ${verdict.n} spans of ${target.serviceName} were judged, the newest ${Math.round(ageS)} s ago.`;
  return word('INPUT_CONTRADICTS', text, `${signal} agrees with the traces`);
}

/** Met by the actor's number and surely missed by ours, or the other way round. */
function intentContradiction(
  { sets }: Question,
  { signal, number }: ReadInput,
  { intents }: Known,
): Objection | null {
  if (number === null) return null;
  for (const { intent, isMet, wrong, requests } of intents) {
    const isAsked = sets.some(({ metadata }) => intent.constraint.startsWith(`${metadata.name}/`));
    const { metric, by = 'traces' } = intent;
    if (!isAsked || wrong === null || ![metric, `${by}.${metric}`].includes(signal)) continue;
    const isOff =
      metric === 'ok_ratio'
        ? 1 - number < wrong.lower - RATIO_ROOM || 1 - number > wrong.upper + RATIO_ROOM
        : isMet !== 'unknown' && number <= intent.target !== (isMet === 'true');
    if (!isOff) continue;
    const held = `${Number((100 * wrong.lower).toFixed(1))} to ${Number((100 * wrong.upper).toFixed(1))} % of ${Math.round(requests ?? 0)} requests are on the wrong side of ${intent.metric} ${intent.comparator} ${intent.target}`;
    const said = word(
      'INPUT_CONTRADICTS',
      `The actor saw ${signal} at ${number}, but ${held}.`,
      `${signal} agrees with the traces`,
    );
    return { ...said, constraint: intent.constraint };
  }
  return null;
}

/**
 * What the actor says it saw must be there, fresh, and not the opposite of what we hold: else it acts on a stale cache,
 * a wrong query, or on nothing that was read as 0. Whoever may act on unknown data may act on this.
 */
export function checkInputs(question: Question, known: Known): Vote {
  const { inputs = [] } = question.request;
  if (inputs.length === 0) return NO_OBJECTION;
  const { nowMs, mode } = known;
  const outcome = mode.unknown.startsWith('allow') ? 'allow' : 'hold';
  const votes = inputs.flatMap((written) => {
    const input = readInput(written, nowMs);
    const said =
      faultOf(question, input, nowMs) ??
      falseZero(question, input, known) ??
      intentContradiction(question, input, known);
    return said === null ? [] : [objection(outcome, said, nowMs)];
  });
  if (votes.length === 0) return NO_OBJECTION;
  return {
    outcome,
    reasons: votes.flatMap(({ reasons }) => reasons),
    wouldAllowIf: votes.flatMap(({ wouldAllowIf }) => wouldAllowIf),
    retryAfterS: 15,
    isByFailMode: outcome === 'allow',
  };
}
