import { STAGES, type Stage } from '../../../core/decision.ts';
import type { RecordedAction, RecordedChange, RecordedDecision } from '../../../core/system-history.ts';
import { actionFor, allowanceFor, objectionTo, recordsByService } from './match-records.ts';

/** The size of a workload moved, and no record says who moved it. */
export interface SilentStep {
  readonly service: string;
  readonly actor: string;
  readonly kind: string;
  readonly heldUntilMinute: number;
  readonly minute: number;
}

type Why = Exclude<ReturnType<typeof objectionTo>, null> | 'silent';

/** What one actor did at one stage. */
interface CoverageRow {
  readonly actor: string;
  /** null: of kinds of action that no stage has. */
  readonly stage: Stage | null;
  /** By hand. */
  readonly isPerson: boolean;
  readonly kinds: readonly string[];
  readonly actions: number;
  /** A gate was asked and allowed it. */
  readonly covered: number;
  /** Nobody was asked, and people said that nobody need be. */
  readonly standing: number;
  /** The others, by why. */
  readonly open: Readonly<Partial<Record<Why, number>>>;
  readonly lastMinute: number;
}

/** `none-seen` is no praise: nobody acted, or nothing that he did is told. */
type StageState = 'none-seen' | 'gated' | 'partly' | 'standing' | 'open';

interface StageCoverage {
  readonly stage: Stage;
  readonly state: StageState;
  readonly actions: number;
  readonly covered: number;
  readonly standing: number;
  readonly open: number;
}

export interface CoverageTable {
  readonly stages: readonly StageCoverage[];
  readonly rows: readonly CoverageRow[];
}

interface Seen {
  readonly actions: readonly RecordedAction[];
  readonly decisions: readonly RecordedDecision[];
  readonly changes: readonly RecordedChange[];
  readonly steps: readonly SilentStep[];
}

interface Judged {
  readonly actor: string;
  readonly stage: Stage | null;
  readonly isPerson: boolean;
  readonly kind: string;
  readonly minute: number;
  readonly outcome: 'covered' | 'standing' | Why;
}

/**
 * Which stages of the lifecycle are gated and which are open, by the same matching that finds ungated actions.
 * @param by.isStanding whether people let this actor do this without asking
 */
export function coverageTable(
  { actions, decisions, changes, steps }: Seen,
  by: {
    readonly stageOf: (kind: string) => Stage | null;
    readonly isStanding: (actor: string, kind: string) => boolean;
  },
): CoverageTable {
  const known = {
    decisions: new Map(decisions.map((decision) => [decision.id, decision])),
    areDecisionsKept: true,
  };
  const recordsOf = recordsByService({ actions, decisions, changes });
  const judged = [
    ...actions.map((action): Judged => {
      const why = objectionTo(action, known);
      const isStanding = why === 'not-asked' && by.isStanding(action.actor, action.kind);
      return {
        ...action,
        isPerson: action.isPerson === true,
        stage: by.stageOf(action.kind),
        outcome: why === null ? 'covered' : isStanding ? 'standing' : why,
      };
    }),
    ...steps.flatMap((step): Judged[] => {
      const when = { fromMinute: step.heldUntilMinute, untilMinute: step.minute };
      const records = recordsOf(step.service);
      // Whether an action was allowed is asked of the action.
      if (actionFor(records, when, 'the size') !== null) return [];
      const isCovered = allowanceFor(records, when, 'the size') !== null;
      const isStanding = by.isStanding(step.actor, step.kind);
      return [
        {
          ...step,
          isPerson: false,
          stage: by.stageOf(step.kind),
          outcome: isCovered ? 'covered' : isStanding ? 'standing' : 'silent',
        },
      ];
    }),
  ];
  return { stages: STAGES.map((stage) => stageCoverage(stage, judged)), rows: rowsOf(judged) };
}

function rowsOf(judged: readonly Judged[]): CoverageRow[] {
  const groups = Map.groupBy(
    judged,
    ({ actor, stage, isPerson }) => `${actor}\u001f${stage}\u001f${isPerson}`,
  );
  const rows = [...groups.values()].map((group): CoverageRow => {
    const { actor, stage, isPerson } = group[0] as Judged;
    const open: Partial<Record<Why, number>> = {};
    for (const { outcome } of group) {
      if (outcome !== 'covered' && outcome !== 'standing') open[outcome] = (open[outcome] ?? 0) + 1;
    }
    return {
      actor,
      stage,
      isPerson,
      kinds: [...new Set(group.map(({ kind }) => kind))].sort(),
      actions: group.length,
      covered: count(group, 'covered'),
      standing: count(group, 'standing'),
      open,
      lastMinute: Math.max(...group.map(({ minute }) => minute)),
    };
  });
  const rank = ({ stage }: CoverageRow) => (stage === null ? STAGES.length : STAGES.indexOf(stage));
  return rows.sort((a, b) => rank(a) - rank(b) || b.actions - a.actions || (a.actor < b.actor ? -1 : 1));
}

function stageCoverage(stage: Stage, judged: readonly Judged[]): StageCoverage {
  const own = judged.filter((one) => one.stage === stage);
  const [covered, standing] = [count(own, 'covered'), count(own, 'standing')];
  const open = own.length - covered - standing;
  return { stage, state: stateOf({ covered, standing, open }), actions: own.length, covered, standing, open };
}

function stateOf({
  covered,
  standing,
  open,
}: {
  covered: number;
  standing: number;
  open: number;
}): StageState {
  if (covered + standing + open === 0) return 'none-seen';
  if (open > 0) return covered > 0 ? 'partly' : 'open';
  return covered > 0 ? 'gated' : 'standing';
}

function count(judged: readonly Judged[], outcome: Judged['outcome']): number {
  return judged.filter((one) => one.outcome === outcome).length;
}
