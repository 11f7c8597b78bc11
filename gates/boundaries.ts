import type { DecisionReason } from '../core/decision.ts';
import { matchGlob } from '../core/glob.ts';
import type { ConstraintSet } from './constraints/constraint-set.ts';
import { type Question, replicaCount } from './question.ts';

/** A limit that was crossed, and what would keep within it. */
export interface Crossing {
  readonly reason: DecisionReason;
  readonly wouldAllowIf: string;
}

interface Words {
  readonly code: string;
  readonly constraint: string;
  readonly text: string;
  readonly wouldAllowIf: string;
}

function crossing({ code, constraint, text, wouldAllowIf }: Words): Crossing {
  const reason = { code, constraint, text, severity: 'blocking' as const, since: null, evidence: null };
  return { reason, wouldAllowIf };
}

function isEmptySet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** What of the action or its target names nothing, or everything; null when all is named. */
function emptyPart({ request: { target, action } }: Question): string | null {
  // `*` is the other way to write an empty selector: everything.
  const blank = Object.entries(target).find(([, value]) => /^[\s*]*$/.test(value));
  if (blank !== undefined) return `target.${blank[0]} is "${blank[1]}"`;
  if (action.blastRadius?.['count'] === 0) return 'action.blastRadius.count is 0';
  for (const part of ['to', 'blastRadius'] as const) {
    const empty = Object.entries(action[part] ?? {}).find(([, value]) => isEmptySet(value));
    if (empty !== undefined) return `action.${part}.${empty[0]} is empty`;
  }
  return null;
}

/** Built in, whatever a file says: an empty set has been read as "everything" (Diskerase) and as "nothing" (DNS). */
function checkTarget(question: Question): Crossing[] {
  const part = emptyPart(question);
  if (part === null) return [];
  const text = `${part}: an empty set never means all, and never means none.`;
  const wouldAllowIf = 'every part of the target is named';
  return [crossing({ code: 'EMPTY_TARGET', constraint: 'built-in', text, wouldAllowIf })];
}

function checkActor({ request, kind }: Question, { boundaries, metadata }: ConstraintSet): Crossing[] {
  const { actors } = boundaries;
  if (actors === undefined) return [];
  const { id } = request.actor;
  const common = { code: 'BOUNDARY_ACTOR', constraint: `${metadata.name}/boundaries.actors` };
  const denied = actors.deny
    .flatMap((entry) => Object.entries(entry))
    .find(([actor, kinds]) => matchGlob(actor, id) && kinds.some((glob) => matchGlob(glob, kind)));
  if (denied !== undefined) {
    const text = `Actor ${id} may not ${kind}: ${metadata.name} denies it to ${denied[0]}.`;
    return [crossing({ ...common, text, wouldAllowIf: `an actor other than ${denied[0]} asks` })];
  }
  if (actors.allow === undefined || actors.allow.some((glob) => matchGlob(glob, id))) return [];
  const allowed = actors.allow.join(', ');
  const text = `Actor ${id} is not among those ${metadata.name} lets act: ${allowed}.`;
  return [crossing({ ...common, text, wouldAllowIf: `the actor is one of ${allowed}` })];
}

const GROWS = ['scale.up', 'scale.out', 'capacity.add'];
const SHRINKS = ['scale.down', 'scale.in', 'scale.to_zero', 'rightsize.down'];

/** Built in: counts must be counts, and must go the way the kind says; else `scale.up` to less passes as safe. */
function checkCounts(question: Question): Crossing[] {
  const from = replicaCount(question, 'from');
  const to = replicaCount(question, 'to');
  const say = (text: string, wouldAllowIf: string) => [
    crossing({ code: 'BOUNDARY_REPLICAS', constraint: 'built-in', text, wouldAllowIf }),
  ];
  for (const [side, count] of [
    ['from', from],
    ['to', to],
  ] as const) {
    const field = `action.${side}.replicas`;
    if (Number.isNaN(count))
      return say(`${field} is not a count.`, `${field} is a whole number of 0 or more`);
  }
  if (from === null || to === null) return [];
  const text = `${question.kind} from ${from} to ${to} replicas is not what it says.`;
  if (to < from && GROWS.includes(question.kind)) return say(text, 'action.kind is scale.down');
  if (to > from && SHRINKS.includes(question.kind)) return say(text, 'action.kind is scale.up');
  return [];
}

function checkReplicas(question: Question, { boundaries, metadata }: ConstraintSet): Crossing[] {
  const { min = 0, max = Number.POSITIVE_INFINITY } = boundaries.replicas ?? {};
  if (boundaries.replicas === undefined) return [];
  const to = replicaCount(question, 'to');
  const common = { code: 'BOUNDARY_REPLICAS', constraint: `${metadata.name}/boundaries.replicas` };
  const range = `${min} to ${Number.isFinite(max) ? max : 'any number of'} replicas`;
  if (to === null) {
    const { from, to: wanted } = question.request.action;
    if (!matchGlob('scale.*', question.kind) || (from === undefined && wanted === undefined)) return [];
    const text = `${metadata.name} allows ${range}, and the action does not say how many it wants.`;
    return [crossing({ ...common, text, wouldAllowIf: 'action.to.replicas is given' })];
  }
  if (to >= min && to <= max) return [];
  const text = `${to} replicas are outside of what ${metadata.name} allows: ${range}.`;
  return [
    crossing({ ...common, text, wouldAllowIf: `action.to.replicas is ${range.replace(' replicas', '')}` }),
  ];
}

/** Hard limits: never traded off, and checked whatever the data says. */
export function checkBoundaries(question: Question): Crossing[] {
  return [
    ...checkTarget(question),
    ...checkCounts(question),
    ...question.sets.flatMap((set) => [...checkActor(question, set), ...checkReplicas(question, set)]),
  ];
}

export interface ReplicaLimits {
  readonly min: number;
  readonly max: number;
}

/** What every set leaves to an action that changes a number of replicas; 0 to Infinity without sets. */
export function replicaLimits(sets: readonly ConstraintSet[]): ReplicaLimits {
  const bounds = sets.map(({ boundaries }) => boundaries.replicas ?? {});
  return {
    min: Math.max(0, ...bounds.map(({ min = 0 }) => min)),
    max: Math.min(Number.POSITIVE_INFINITY, ...bounds.map(({ max = Number.POSITIVE_INFINITY }) => max)),
  };
}
