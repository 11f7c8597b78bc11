import type { Stage } from '../core/decision.ts';
import { matchGlob } from '../core/glob.ts';
import type { SamplingPurpose } from '../core/sampling/sampling-purpose.ts';
import { stageOf } from './fail-modes.ts';

/** What sampled spans must be good for, and why a decision asks for it. */
export interface AskedPurpose {
  readonly purpose: SamplingPurpose;
  readonly why: string;
}

interface KindPurpose extends AskedPurpose {
  /** Glob over `action.kind`. */
  readonly kind: string;
}

function rows(purpose: SamplingPurpose, why: string, kinds: readonly string[]): KindPurpose[] {
  return kinds.map((kind) => ({ kind, purpose, why }));
}

const ERRORS_EXIST = 'it answers errors that exist, however many they stand for';
const WHO_CALLS_WHOM = 'it follows who calls whom, which is read off whole traces';
const LOAD = 'it follows how much load there is';
const ERROR_RATIO = 'it follows the error ratio of a version';
const TRAFFIC_SHARES = 'it follows shares of traffic and of errors';
const RATES = 'it follows rates and costs per request';
const VOLUME = 'it follows how much is used';

/**
 * What each kind of action reads off sampled spans. First match wins, so the narrow patterns of a family stand
 * before its wide one. Counts take the most to be shown, so what nobody described asks for counts.
 * @see sampling.md section 7
 */
export const ASKED_PURPOSES: readonly KindPurpose[] = [
  ...rows('existence', ERRORS_EXIST, [
    'rollback',
    'rollback.*',
    'restore',
    'shift.restore',
    'weight.restore',
    'fail_open',
    'restart',
    'restart.*',
    'reimage',
    'reimage.*',
    'failover',
    'failover.*',
    'promote_db',
  ]),
  ...rows('trace-shape', WHO_CALLS_WHOM, [
    'route',
    'route.*',
    'reroute',
    'reroute.*',
    'delete',
    'delete.*',
    'wipe',
    'wipe.*',
    'revoke',
    'revoke.*',
    'decommission',
    'decommission.*',
  ]),
  ...rows('counts', LOAD, ['capacity.*', 'quota.*', 'template.*', 'scale', 'scale.*']),
  ...rows('counts', ERROR_RATIO, [
    'rollout.*',
    'deploy',
    'deploy.*',
    'promote',
    'promote.*',
    'schema.migrate',
  ]),
  ...rows('counts', TRAFFIC_SHARES, ['shift', 'shift.*', 'weight.*', 'drain', 'drain.*']),
  ...rows('counts', RATES, [
    'rightsize.*',
    'consolidate',
    'consolidate.*',
    'spot.*',
    'sampling.*',
    'cache.*',
    'optimise.*',
    'tune.*',
  ]),
  ...rows('counts', VOLUME, ['retention.*']),
];

const UNKNOWN_KIND: AskedPurpose = {
  purpose: 'counts',
  why: 'what a kind nobody described reads off spans is not known, and counts take the most',
};

/** What a stage asks for that the caller names beside the stage of the kind. */
const OF_STAGE: Readonly<Record<Stage, AskedPurpose>> = {
  provisioning: { purpose: 'counts', why: LOAD },
  deployment: { purpose: 'counts', why: ERROR_RATIO },
  scaling: { purpose: 'counts', why: LOAD },
  routing: { purpose: 'counts', why: TRAFFIC_SHARES },
  recovery: { purpose: 'existence', why: ERRORS_EXIST },
  optimisation: { purpose: 'counts', why: RATES },
  decommissioning: { purpose: 'trace-shape', why: WHO_CALLS_WHOM },
};

/**
 * What an action asks of sampling where people did not write it: that of its kind, and that of a stage the caller
 * named besides, which may add and never takes away. Counts that are right have lost no class, so that they answer
 * for existence too; neither counts nor the shape of traces answers for the other.
 */
export function askedPurposes({
  kind,
  stages,
}: {
  readonly kind: string;
  readonly stages: readonly Stage[];
}): AskedPurpose[] {
  const ofKind = ASKED_PURPOSES.find((row) => matchGlob(row.kind, kind)) ?? UNKNOWN_KIND;
  const others = stages.filter((stage) => stage !== stageOf(kind));
  const all = [
    { purpose: ofKind.purpose, why: `${kind}: ${ofKind.why}` },
    ...others.map((stage) => ({
      purpose: OF_STAGE[stage].purpose,
      why: `${stage}, as the caller says: ${OF_STAGE[stage].why}`,
    })),
  ];
  const isImplied = (purpose: SamplingPurpose) =>
    purpose === 'existence' && all.some((asked) => asked.purpose === 'counts');
  return all.filter(
    ({ purpose }, index) =>
      !isImplied(purpose) && all.findIndex((asked) => asked.purpose === purpose) === index,
  );
}
