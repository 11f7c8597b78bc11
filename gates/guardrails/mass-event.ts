import { matchGlob } from '../../core/glob.ts';
import { actionSize } from '../action-size.ts';
import { isSafeDirection } from '../fail-modes.ts';
import { type FleetHealth, HEALTH_VALID_MS } from '../fleet-health.ts';
import type { Question } from '../question.ts';
import { objection, objectionOnUnknown, type Vote } from '../vote.ts';
import { type Asked, percentText } from './asked.ts';

const MASS_KINDS = ['*.many', '*.all', 'reimage', 'reimage.*', 'drain', 'drain.*', 'failover', 'failover.*'];

interface Share {
  readonly ratio: number;
  readonly text: string;
}

/** What the caller says of its own targets; null: nothing, NaN: nothing that can be read. */
function askedShare({ request }: Question): Share | null {
  const { unhealthy, of } = request.action.blastRadius ?? {};
  if (unhealthy === undefined) return null;
  const ratio =
    typeof unhealthy === 'number' && typeof of === 'number' && of > 0 ? unhealthy / of : Number.NaN;
  return {
    ratio: ratio >= 0 && ratio <= 1 ? ratio : Number.NaN,
    text: `${unhealthy} of its ${of} targets, says the caller`,
  };
}

function fleetShare(health: FleetHealth | null, nowMs: number): Share | null {
  if (health === null || health.known === 0 || Math.abs(nowMs - health.atMs) > HEALTH_VALID_MS) return null;
  const { unhealthy, known, examples } = health;
  return {
    ratio: unhealthy / known,
    text: `${unhealthy} of ${known} known services (${examples.join(', ')})`,
  };
}

/** Many targets, or nobody says how few. */
function isMassAction(question: Question): boolean {
  const { count } = actionSize(question.request.action);
  return count === null ? MASS_KINDS.some((glob) => matchGlob(glob, question.kind)) : count > 1;
}

/** When too much looks bad at once, the observer is suspected and nothing but the safe direction goes on. */
export function massEvent(asked: Asked, health: FleetHealth | null): Vote[] {
  const { question, set, nowMs, mode } = asked;
  const rule = set.guardrails.massEvent;
  if (rule === undefined || isSafeDirection(question.kind)) return [];
  const constraint = `${set.metadata.name}/guardrails.massEvent`;
  const fleet = fleetShare(health, nowMs);
  const own = askedShare(question);
  const worst = [fleet, own].find((share) => share !== null && share.ratio > rule.ifUnhealthyPct);
  const limit = percentText(rule.ifUnhealthyPct);
  if (worst !== undefined && worst !== null) {
    const said = {
      code: 'MASS_EVENT',
      text: `${worst.text} look unhealthy at once, more than ${limit}: ${rule.say}.`,
      constraint,
      sinceMs: null,
      wouldAllowIf: `at most ${limit} look unhealthy`,
    };
    return [objection(rule.then, said, nowMs)];
  }
  if (fleet !== null && !Number.isNaN(own?.ratio)) return [];
  const said = {
    code: 'MASS_EVENT_UNKNOWN',
    text:
      own === null || fleet === null
        ? 'How many services look unhealthy is not known now.'
        : 'How many of its targets look unhealthy cannot be read from action.blastRadius.',
    constraint,
    wouldAllowIf: 'services are judged again, and action.blastRadius, if it says unhealthy, says of how many',
  };
  return [isMassAction(question) ? objection('hold', said, nowMs) : objectionOnUnknown(mode, said, nowMs)];
}
