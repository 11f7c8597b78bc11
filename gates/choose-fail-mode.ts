import { matchGlob } from '../core/glob.ts';
import type { ConstraintSet } from './constraints/constraint-set.ts';
import { builtInFailMode, type FailModeChoice, stricter } from './fail-modes.ts';
import type { Question } from './question.ts';

/** The fail mode of one action, and where it comes from. */
export interface FailModeInForce extends FailModeChoice {
  /** `set/failureTolerance.<kind>`, or `built-in`. */
  readonly constraint: string;
  /** Whether the action may go on even when data is proven bad, not just unknown. */
  readonly allowsFailed: boolean;
  /** A hold gets no older than this. */
  readonly holdMaxMs: number;
  readonly onHoldTimeout: 'page' | 'deny' | 'allow-capped';
}

type Choice = FailModeChoice & Pick<FailModeInForce, 'constraint' | 'holdMaxMs' | 'onHoldTimeout'>;

/** Half an hour of asking in vain: then people are told. */
const HOLD_DEFAULT = { holdMaxMs: 1_800_000, onHoldTimeout: 'page' } as const;

/** The exact kind before a glob, and among globs the longest: the narrower rule is the one that was meant. */
function toleranceOf({ failureTolerance, metadata }: ConstraintSet, kind: string): Choice | null {
  const [glob] = Object.keys(failureTolerance.kinds)
    .filter((pattern) => matchGlob(pattern, kind))
    .sort((left, right) => Number(right === kind) - Number(left === kind) || right.length - left.length);
  const tolerance = glob === undefined ? undefined : failureTolerance.kinds[glob];
  if (tolerance === undefined) return null;
  return {
    unknown: tolerance.unknown,
    capRatio: tolerance.cap ?? null,
    why: `${metadata.name} tolerates it`,
    constraint: `${metadata.name}/failureTolerance.${glob}`,
    holdMaxMs: tolerance.holdMax ?? HOLD_DEFAULT.holdMaxMs,
    onHoldTimeout: tolerance.onHoldTimeout ?? HOLD_DEFAULT.onHoldTimeout,
  };
}

/** What people wrote for this kind of action, the strictest where several sets speak; else the built-in table. */
export function chooseFailMode({ kind, stages, sets }: Question): FailModeInForce {
  const [first = null, ...others] = stages;
  const builtIn = others.reduce(
    (mode, stage) => stricter(mode, builtInFailMode({ kind, stage })),
    builtInFailMode({ kind, stage: first }),
  );
  const written = sets.flatMap((set) => toleranceOf(set, kind) ?? []);
  const chosen = written.reduce<Choice | null>(
    (mode, next) => (mode === null ? next : stricter(mode, next)),
    null,
  );
  const inForce = chosen ?? { ...builtIn, ...HOLD_DEFAULT, constraint: 'built-in' };
  const allowsFailed = [builtIn, inForce].every(({ unknown }) => unknown.startsWith('allow'));
  return { ...inForce, allowsFailed };
}
