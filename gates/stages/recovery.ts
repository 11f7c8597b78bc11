import { matchGlob } from '../../core/glob.ts';
import { type Asked, spanText } from '../guardrails/asked.ts';
import { countBudget } from '../guardrails/count-budget.ts';
import { freshNumber } from '../inputs/fresh-number.ts';
import { objection, type Vote } from '../vote.ts';
import { stageRule } from './stage-rule.ts';

const FAILOVERS = ['failover', 'failover.*', 'promote_db'];

/** How long it is down, and how far behind the replica is: as seen by who asks, in seconds, with `observedAt`. */
const OUTAGE_SIGNAL = 'outage_s';
const REPLICA_LAG_SIGNAL = 'replica_lag_s';
/** A lag of a minute ago says nothing about the data that is lost now. */
const SEEN_MS_MAX = 30_000;

/** Repairs of all actors share a budget; a failover needs a known outage and a known lag. */
export function recovery(asked: Asked): Vote[] {
  const { question, set } = asked;
  const rule = stageRule(asked, 'recovery');
  if (rule === null) return [];
  const budget = rule.budget;
  const used =
    budget === undefined
      ? []
      : [
          countBudget(asked, {
            constraint: `${set.metadata.name}/stages.recovery.budget`,
            ...budget,
            counts: ({ kind, stages }) =>
              stages.includes('recovery') && rule.gate.some((glob) => matchGlob(glob, kind)),
          }),
        ];
  const isFailover = FAILOVERS.some((glob) => matchGlob(glob, question.kind));
  return isFailover && rule.failover !== undefined ? [...used, ...failover(asked, rule.failover)] : used;
}

function failover(
  asked: Asked,
  { minOutage, maxReplicaLag }: { minOutage?: number | undefined; maxReplicaLag?: number | undefined },
): Vote[] {
  return [
    ...(minOutage === undefined ? [] : outage(asked, minOutage)),
    ...(maxReplicaLag === undefined ? [] : replicaLag(asked, maxReplicaLag)),
  ];
}

function seen({ question, nowMs }: Asked, signal: string): number | null {
  const value = freshNumber(question.request.inputs ?? [], { signal, nowMs, ageMsMax: SEEN_MS_MAX });
  return value === null || value < 0 ? null : value;
}

function notSeen(asked: Asked, of: { signal: string; what: string; constraint: string }): Vote {
  const said = {
    code: 'FAILOVER_UNKNOWN',
    text: `${of.what} is not known: inputs hold no number "${of.signal}" observed within the last ${SEEN_MS_MAX / 1_000} s.`,
    constraint: of.constraint,
    wouldAllowIf: `inputs has {signal: "${of.signal}", value: …, observedAt: …}, fresh`,
  };
  return objection('deny', said, asked.nowMs);
}

function outage(asked: Asked, minMs: number): Vote[] {
  const { set, nowMs } = asked;
  const constraint = `${set.metadata.name}/stages.recovery.failover.minOutage`;
  const seconds = seen(asked, OUTAGE_SIGNAL);
  if (seconds === null)
    return [notSeen(asked, { signal: OUTAGE_SIGNAL, what: 'How long the outage lasts', constraint })];
  const restMs = minMs - 1_000 * seconds;
  if (restMs <= 0) return [];
  const said = {
    code: 'OUTAGE_TOO_SHORT',
    text: `The outage lasts ${seconds} s; a failover waits for ${spanText(minMs)}, most end before.`,
    constraint,
    wouldAllowIf: `the outage lasts ${spanText(minMs)}`,
    untilMs: nowMs + restMs,
  };
  return [objection('hold', said, nowMs)];
}

function replicaLag(asked: Asked, maxMs: number): Vote[] {
  const { set, nowMs } = asked;
  const constraint = `${set.metadata.name}/stages.recovery.failover.maxReplicaLag`;
  const seconds = seen(asked, REPLICA_LAG_SIGNAL);
  if (seconds === null)
    return [
      notSeen(asked, { signal: REPLICA_LAG_SIGNAL, what: 'How far the replica is behind', constraint }),
    ];
  if (1_000 * seconds <= maxMs) return [];
  const said = {
    code: 'REPLICA_BEHIND',
    text: `The replica is ${seconds} s behind: a failover would lose what it has not got yet; at most ${spanText(maxMs)} may be lost.`,
    constraint,
    wouldAllowIf: `the replica is at most ${spanText(maxMs)} behind`,
  };
  return [objection('deny', said, nowMs)];
}
