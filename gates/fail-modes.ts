import type { Stage } from '../core/decision.ts';
import { matchGlob } from '../core/glob.ts';
import type { UnknownMode } from './constraints/tolerance-sections.ts';

/** What unknown data means for one family of actions, and why that is the safe direction. */
export interface FailMode {
  readonly stage: Stage;
  /** Glob over `action.kind`. */
  readonly kind: string;
  readonly unknown: UnknownMode;
  /** With `allow-capped`: growth allowed beyond the present size, as a ratio. */
  readonly capRatio: number | null;
  readonly why: string;
}

function rows(stage: Stage, unknown: UnknownMode, why: string, kinds: readonly string[]): FailMode[] {
  return kinds.map((kind) => ({ stage, kind, unknown, capRatio: null, why }));
}

function cappedRows(stage: Stage, capRatio: number, why: string, kinds: readonly string[]): FailMode[] {
  return kinds.map((kind) => ({ stage, kind, unknown: 'allow-capped', capRatio, why }));
}

const TOO_MUCH_IS_CHEAP = 'too much capacity is cheap, too little is an outage';
const NO_EVIDENCE_NO_PROGRESS = 'without evidence a new version makes no progress';
const NEVER_URGENT = 'optimisation is never urgent';
const CANNOT_UNDO = 'it cannot be undone: only complete telemetry may show that nobody uses it';

/**
 * The safe direction: more capacity, the known-good version, less change. First match wins, so the narrow
 * patterns of a family stand before its wide one. The incidents behind the rows are public: quota cut on zero
 * reported load (Google 2020), scale-down on missing metrics (KEDA#3065, kubernetes#104387), healthy capacity
 * withdrawn (Facebook 2021, AWS 2025), failover in a 43 s partition (GitHub 2018), an empty set read as
 * everything (Diskerase, SRE book ch. 7).
 */
export const FAIL_MODES: readonly FailMode[] = [
  ...cappedRows('provisioning', 0.25, TOO_MUCH_IS_CHEAP, ['capacity.add', 'quota.raise']),
  ...rows('provisioning', 'hold', 'a quota or capacity cut on a false zero is an outage', [
    'capacity.*',
    'quota.*',
    'template.*',
  ]),
  ...rows('deployment', 'allow', 'the last known-good version is the safe direction', [
    'rollback',
    'rollback.*',
  ]),
  ...rows('deployment', 'hold', NO_EVIDENCE_NO_PROGRESS, ['rollout.*', 'deploy', 'deploy.*']),
  ...rows('deployment', 'deny', 'hard to undo', ['promote', 'promote.*', 'schema.migrate']),
  ...cappedRows('scaling', 0.5, TOO_MUCH_IS_CHEAP, ['scale.up', 'scale.out']),
  ...rows('scaling', 'deny', 'zero replicas on a false zero is an outage', ['scale.to_zero']),
  ...rows('scaling', 'hold', 'missing load data looks like no load', ['scale', 'scale.*']),
  ...rows('routing', 'allow', 'giving traffic back to everything is the safe direction', [
    'restore',
    'shift.restore',
    'weight.restore',
    'fail_open',
  ]),
  ...rows('routing', 'hold', 'when too much looks unhealthy, suspect the observer', [
    'shift',
    'shift.*',
    'weight.*',
    'route',
    'route.*',
    'reroute',
    'reroute.*',
    'drain',
    'drain.*',
  ]),
  ...rows('recovery', 'allow', 'one restart harms little', ['restart.one']),
  ...rows('recovery', 'hold', 'mass repair on false signs spreads the fault', [
    'restart',
    'restart.*',
    'reimage',
    'reimage.*',
  ]),
  ...rows('recovery', 'deny', 'a failover needs a known outage and a known replica lag', [
    'failover',
    'failover.*',
    'promote_db',
  ]),
  ...rows('optimisation', 'hold', NEVER_URGENT, [
    'rightsize.*',
    'consolidate',
    'consolidate.*',
    'spot.*',
    'sampling.*',
    'cache.*',
    'optimise.*',
    'tune.*',
  ]),
  ...rows('decommissioning', 'deny', CANNOT_UNDO, [
    'delete',
    'delete.*',
    'wipe',
    'wipe.*',
    'revoke',
    'revoke.*',
    'retention.*',
    'decommission',
    'decommission.*',
  ]),
];

/** Kinds that take a change back. */
export const TAKES_BACK: readonly string[] = [
  'rollback',
  'rollback.*',
  'restore',
  'shift.restore',
  'weight.restore',
  'fail_open',
];

/** An action nobody described: keep the state as it is. */
const UNKNOWN_KIND = {
  unknown: 'hold',
  capRatio: null,
  why: 'an action kind without a described safe direction',
} as const;

/** What a caller's own words about the stage add: they may make the answer stricter, never laxer. */
const STAGE_FLOOR: Partial<Record<Stage, Pick<FailMode, 'unknown' | 'why'>>> = {
  optimisation: { unknown: 'hold', why: NEVER_URGENT },
  decommissioning: { unknown: 'deny', why: CANNOT_UNDO },
};

const STRICTNESS: readonly UnknownMode[] = ['allow', 'allow-capped', 'hold', 'deny'];

export function stricter<T extends { readonly unknown: UnknownMode }>(left: T, right: T): T {
  return STRICTNESS.indexOf(right.unknown) > STRICTNESS.indexOf(left.unknown) ? right : left;
}

/** A question asks several times, and there are few kinds; but callers name them, so not without bound. */
const rowsFound = new Map<string, FailMode | undefined>();
const ROWS_FOUND_MAX = 1_000;

function rowOf(kind: string): FailMode | undefined {
  if (rowsFound.has(kind)) return rowsFound.get(kind);
  const row = FAIL_MODES.find((candidate) => matchGlob(candidate.kind, kind));
  if (rowsFound.size >= ROWS_FOUND_MAX) rowsFound.clear();
  rowsFound.set(kind, row);
  return row;
}

/** The stage an action kind belongs to; null for a kind nobody described. */
export function stageOf(kind: string): Stage | null {
  return rowOf(kind)?.stage ?? null;
}

export type FailModeChoice = Pick<FailMode, 'unknown' | 'capRatio' | 'why'>;

/** The built-in fail mode; an unknown kind holds. */
export function builtInFailMode({ kind, stage }: { kind: string; stage: Stage | null }): FailModeChoice {
  const row: FailModeChoice = rowOf(kind) ?? UNKNOWN_KIND;
  const floor = stage === null ? undefined : STAGE_FLOOR[stage];
  return floor === undefined ? row : stricter(row, { ...floor, capRatio: null });
}

/** More capacity, the known-good version, traffic given back; a repair is none, however small. */
export function isSafeDirection(kind: string): boolean {
  const row = rowOf(kind);
  return row !== undefined && row.stage !== 'recovery' && row.unknown.startsWith('allow');
}

/** A kind as globs may call it, and the stages it belongs to: its own, and the one the caller names. */
export interface StagedKind {
  readonly stages: readonly Stage[];
  /** Its name, and `stage.kind` as in `deployment.rollout.start`. */
  readonly names: readonly string[];
}

const stagedKinds = new Map<string, Map<Stage | undefined, StagedKind>>();

function stageKind(kind: string, said: Stage | undefined): StagedKind {
  const ofKind = stageOf(kind);
  const stages = [...new Set([ofKind, said])].filter((stage) => stage !== null && stage !== undefined);
  return { stages, names: [kind, ...stages.map((stage) => `${stage}.${kind}`)] };
}

/** The same kind is the same object, but for kinds of which callers made up too many. */
export function stagedKind(kind: string, said: Stage | undefined): StagedKind {
  const known = stagedKinds.get(kind)?.get(said);
  if (known !== undefined) return known;
  if (stagedKinds.size >= ROWS_FOUND_MAX) stagedKinds.clear();
  const staged = stageKind(kind, said);
  stagedKinds.set(kind, (stagedKinds.get(kind) ?? new Map()).set(said, staged));
  return staged;
}

/** Whether a glob of a constraint file is about a kind, by any of its names. */
export function isAbout(globs: readonly string[], { names }: Pick<StagedKind, 'names'>): boolean {
  return globs.some((glob) => names.some((name) => matchGlob(glob, name)));
}
