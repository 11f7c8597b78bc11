import type { DecisionReason } from '../core/decision.ts';
import type { FailModeInForce } from './choose-fail-mode.ts';
import type { IntentState } from './intent-state.ts';
import type { Question } from './question.ts';
import { NO_OBJECTION, type Vote } from './vote.ts';

function percent(ratio: number): string {
  return `${Number((100 * ratio).toFixed(2))} %`;
}

function describe({ intent, isMet, requests, wrong }: IntentState): {
  reason: DecisionReason;
  wouldAllowIf: string;
} {
  const target = `${intent.by === undefined ? '' : 'metrics.'}${intent.metric} ${intent.comparator} ${intent.target}`;
  const share =
    wrong === null ? '' : `: ${percent(wrong.lower)} to ${percent(wrong.upper)} of them on the wrong side`;
  const found = `Intent ${target} is ${isMet === 'false' ? 'missed' : 'not shown to be met'}`;
  const text =
    requests === null
      ? `${found}: nobody knows how many requests the spans of the last minutes stand for. Use a consistent sampler, or declare \`sampling: { declared: none }\` if nothing samples them.`
      : `${found} over ${Math.round(requests)} requests of the last minutes${share}.`;
  const reason: DecisionReason = {
    code: isMet === 'false' ? 'INTENT_UNMET' : 'INTENT_UNKNOWN',
    text: intent.why === '' ? text : `${text} Why it matters: ${intent.why}.`,
    constraint: intent.constraint,
    severity: 'blocking',
    since: null,
    evidence: null,
  };
  return { reason, wouldAllowIf: `${intent.constraint}: ${target} is met` };
}

/**
 * Nobody optimises a service that misses its intent: on trusted data that is a deny. An intent that is not known
 * to be met is unknown data, and on data that is not trusted, so is every intent.
 */
export function checkIntents(
  question: Question,
  of: { intents: readonly IntentState[]; isDataTrusted: boolean; mode: FailModeInForce },
): Vote {
  const { target, stages, sets } = question;
  if (target === null || !stages.includes('optimisation')) return NO_OBJECTION;
  const names = new Set(
    sets.flatMap(({ metadata, intent }) => intent.map(({ id }) => `${metadata.name}/${id}`)),
  );
  const known = of.intents.filter(({ intent }) => names.has(intent.constraint));
  const open = known.filter(({ isMet }) => isMet !== 'true');
  const unseen = [...names].filter((name) => !known.some(({ intent }) => intent.constraint === name));
  if (open.length === 0 && unseen.length === 0) return NO_OBJECTION;
  const described = open.map(describe);
  const isMissed = of.isDataTrusted && open.some(({ isMet }) => isMet === 'false');
  const unknownOutcome = of.mode.unknown.startsWith('allow')
    ? 'allow'
    : of.mode.unknown === 'deny'
      ? 'deny'
      : 'hold';
  return {
    outcome: isMissed ? 'deny' : unknownOutcome,
    reasons: [
      ...described.map(({ reason }) => reason),
      ...unseen.map((constraint): DecisionReason => {
        const text = `Whether ${constraint} is met has not been measured yet.`;
        return {
          code: 'INTENT_UNKNOWN',
          text,
          constraint,
          severity: 'blocking',
          since: null,
          evidence: null,
        };
      }),
    ],
    wouldAllowIf: [
      ...described.map(({ wouldAllowIf }) => wouldAllowIf),
      ...unseen.map((name) => `${name} is measured and met`),
    ],
    retryAfterS: 15,
    isByFailMode: !isMissed && unknownOutcome === 'allow',
  };
}
