import type { DecisionReason } from '../core/decision.ts';
import { matchGlob } from '../core/glob.ts';
import { actionSize } from './action-size.ts';
import type { ConstraintSet } from './constraints/constraint-set.ts';
import { builtInFailMode } from './fail-modes.ts';
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

/**
 * Without a letter or a digit it names nothing: blanks, and what selects everything in one language or another (`*`,
 * `.*`, `%`). So does what a template leaves where it had no value.
 */
function namesNothing(name: unknown): boolean {
  return (
    typeof name === 'string' &&
    (!/[\p{L}\p{N}]/u.test(name) || /^\s*(undefined|null|nan|\[object object\])\s*$/i.test(name))
  );
}

/** What of the action or its target names nothing, or everything; null when all is named. */
function emptyPart({ request: { target, action } }: Question): string | null {
  const blank = Object.entries(target).find(([, value]) => namesNothing(value));
  if (blank !== undefined) return `target.${blank[0]} is "${blank[1]}"`;
  if (action.blastRadius?.['count'] === 0) return 'action.blastRadius.count is 0';
  for (const part of ['to', 'blastRadius'] as const) {
    const empty = Object.entries(action[part] ?? {}).find(([, value]) => isEmptySet(value));
    if (empty !== undefined) return `action.${part}.${empty[0]} is empty`;
  }
  for (const [key, value] of Object.entries(action.blastRadius ?? {})) {
    const nameless = [value].flat().find((one) => namesNothing(one));
    if (nameless !== undefined) return `action.blastRadius.${key} names "${String(nameless)}"`;
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

const GROWS = ['scale.up', 'scale.out', 'capacity.add', 'quota.raise'];
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

/** Numbers of the request that get less, where none gets more. */
function shrinksOnly({ request: { action } }: Question): string | null {
  const { from = {}, to = {} } = action;
  const steps = Object.keys(to).flatMap((key) => {
    const [before, after] = [Object.hasOwn(from, key) ? from[key] : undefined, to[key]];
    return typeof before === 'number' && typeof after === 'number' ? [{ key, before, after }] : [];
  });
  if (steps.some(({ before, after }) => after > before)) return null;
  const less = steps.find(({ before, after }) => after < before);
  return less === undefined ? null : `action.${less.key} from ${less.before} to ${less.after}`;
}

/** Built in: what goes on while nothing is known must be as safe as its kind says it is. */
function checkSafeKind(question: Question): Crossing[] {
  const say = (text: string, wouldAllowIf: string) => [
    crossing({ code: 'NOT_WHAT_IT_SAYS', constraint: 'built-in', text, wouldAllowIf }),
  ];
  const { kind, request } = question;
  const less = GROWS.includes(kind) ? shrinksOnly(question) : null;
  if (less !== null)
    return say(`${kind} is more, and ${less} is less.`, 'action.kind is that of a reduction');
  const { count } = actionSize(request.action);
  if (kind !== 'restart.one' || count === null || count <= 1) return [];
  return say(`restart.one is one, and ${count} are to be restarted.`, 'action.kind is restart.many');
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

/** Every region that the request names: of the target, of where things come from and of where they go. */
function regionsOf({ request: { target, action } }: Question): unknown[] {
  const sides = [action.from, action.to, action.blastRadius].flatMap((side) => [
    side?.['region'],
    ...(Array.isArray(side?.['regions']) ? (side['regions'] as unknown[]) : [side?.['regions']]),
  ]);
  return [target['region'], ...sides].filter((region) => region !== undefined && region !== null);
}

function checkRegions(question: Question, { boundaries: { regions }, metadata }: ConstraintSet): Crossing[] {
  if (regions === undefined) return [];
  const common = { code: 'BOUNDARY_REGION', constraint: `${metadata.name}/boundaries.regions` };
  const named = regionsOf(question);
  const listed = regions.join(', ');
  if (named.length === 0) {
    const text = `${metadata.name} allows ${listed}, and the request does not say which region it is about.`;
    return [crossing({ ...common, text, wouldAllowIf: 'target.region is given' })];
  }
  const outside = named.find((region) => !regions.includes(region as string));
  if (outside === undefined) return [];
  const text = `${String(outside)} is outside of the regions that ${metadata.name} allows: ${listed}.`;
  return [crossing({ ...common, text, wouldAllowIf: `the region is one of ${listed}` })];
}

/** `0.7`, or `"70%"`, as a share of 0 to 1; null for anything else. */
function shareOf(value: unknown): number | null {
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*%$/.exec(value.trim()) : null;
  const share = match === null ? value : Number(match[1]) / 100;
  return typeof share === 'number' && share >= 0 && share <= 1 ? share : null;
}

/** What takes out of rotation; what gives back does not. */
function takesOut({ kind, stages }: Question): boolean {
  const isMoved =
    stages.includes('routing') ||
    ['restart.many', 'reimage', 'reimage.*'].some((glob) => matchGlob(glob, kind));
  const stage = stages[0] ?? null;
  return isMoved && !builtInFailMode({ kind, stage }).unknown.startsWith('allow');
}

/** The shares that stay in rotation, as the request says: by region, as one, or by what it takes out of how many. */
function sharesLeft(
  { request: { target, action } }: Question,
  isPerRegion: boolean,
): (number | null)[] | null {
  const said = action.to?.['inRotation'];
  if (typeof said === 'object' && said !== null) return Object.values(said).map(shareOf);
  const isOfOne = !isPerRegion || target['region'] !== undefined;
  if (!isOfOne) return null;
  if (said !== undefined) return [shareOf(said)];
  const { count, of, pct } = action.blastRadius ?? {};
  if (typeof count === 'number' && typeof of === 'number') return [shareOf((of - count) / of)];
  return typeof pct === 'number' ? [shareOf(1 - pct / 100)] : null;
}

function checkRotation(
  question: Question,
  { boundaries: { inRotation }, metadata }: ConstraintSet,
): Crossing[] {
  if (inRotation === undefined || !takesOut(question)) return [];
  const { shareMin, isPerRegion } = inRotation;
  const common = { code: 'BOUNDARY_ROTATION', constraint: `${metadata.name}/boundaries.inRotation` };
  const wanted = `at least ${100 * shareMin} %${isPerRegion ? ' of each region' : ''} in rotation`;
  const shares = sharesLeft(question, isPerRegion);
  const least = shares === null || shares.includes(null) ? null : Math.min(1, ...(shares as number[]));
  if (least === null || shares?.length === 0) {
    const text = `${metadata.name} keeps ${wanted}, and the request does not say what stays.`;
    const how = isPerRegion
      ? 'action.to.inRotation says the share that stays, by region: {eu-west-1: 0.8}; or target.region is given with action.blastRadius as count and of'
      : 'action.to.inRotation says the share that stays, or action.blastRadius count and of';
    return [crossing({ ...common, text, wouldAllowIf: how })];
  }
  if (least >= shareMin) return [];
  const text = `${Number((100 * least).toFixed(1))} % would stay; ${metadata.name} keeps ${wanted}.`;
  return [crossing({ ...common, text, wouldAllowIf: `${wanted} stays` })];
}

function checkCeilings(
  question: Question,
  { boundaries: { ceilings }, metadata }: ConstraintSet,
): Crossing[] {
  return ceilings
    .filter((row) => row.for.some((glob) => matchGlob(glob, question.kind)))
    .flatMap(({ of, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }): Crossing[] => {
      const name = `action.${of.join('.')}`;
      const common = {
        code: 'BOUNDARY_CEILING',
        constraint: `${metadata.name}/boundaries.ceilings.${of.join('.')}`,
      };
      const value = of.reduce<unknown>(
        (at, key) =>
          typeof at === 'object' && at !== null && Object.hasOwn(at, key)
            ? (at as Record<string, unknown>)[key]
            : undefined,
        question.request.action,
      );
      const range = [Number.isFinite(min) && `at least ${min}`, Number.isFinite(max) && `at most ${max}`]
        .filter((part) => part !== false)
        .join(' and ');
      if (typeof value !== 'number' || Number.isNaN(value)) {
        const text = `${metadata.name} allows ${range} of ${name}, and the request gives no number for it.`;
        return [crossing({ ...common, text, wouldAllowIf: `${name} is given, ${range}` })];
      }
      if (value >= min && value <= max) return [];
      const text = `${name} of ${value} is outside of what ${metadata.name} allows: ${range}.`;
      return [crossing({ ...common, text, wouldAllowIf: `${name} is ${range}` })];
    });
}

/** Hard limits: never traded off, and checked whatever the data says. */
export function checkBoundaries(question: Question): Crossing[] {
  return [
    ...checkTarget(question),
    ...checkCounts(question),
    ...checkSafeKind(question),
    ...question.sets.flatMap((set) => [
      ...checkActor(question, set),
      ...checkReplicas(question, set),
      ...checkRegions(question, set),
      ...checkRotation(question, set),
      ...checkCeilings(question, set),
    ]),
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
