import type { ClickHouseClient } from '@clickhouse/client';
import type { ConstraintSet } from '../constraints/constraint-set.ts';
import { intents, unsampledServices } from '../constraints/constraints.ts';
import { isAbout } from '../fail-modes.ts';
import { readIntentSeries } from '../intent-series.ts';
import { intentState } from '../intent-state.ts';
import { applies } from '../question.ts';
import type { RecentAction, RecentActions } from '../recent-actions.ts';
import { judgeRepair } from './judge-repair.ts';
import { type RepairEffect, type RepairEffects, stopForMs } from './repair-effect.ts';

/** Spans of the last moment are still on their way. */
const ARRIVAL_MS = 10_000;
const STEP_MS = 10_000;
/** Unknown may become known when spans come late. */
const LOOK_AGAIN_MS = 30_000;
const EFFECTS_MAX = 10_000;

interface Looked {
  readonly effect: RepairEffect;
  readonly atMs: number;
}

/** Looks up, besides all questions, what repairs brought about, once the time they were given is over. */
export class RepairWatch implements RepairEffects {
  readonly #looked = new Map<string, Looked>();

  effectOf({ decisionId, constraint }: { decisionId: string; constraint: string }): RepairEffect | null {
    return this.#looked.get(`${decisionId} ${constraint}`)?.effect ?? null;
  }

  /** @throws PipelineError store_unavailable */
  async refresh(
    client: ClickHouseClient,
    of: { sets: readonly ConstraintSet[]; recent: RecentActions; nowMs: number },
  ): Promise<void> {
    const { sets, nowMs } = of;
    for (const set of sets) {
      for (const rule of set.guardrails.repairEffect) {
        for (const repair of newestPerKind(set, rule, of)) {
          const constraint = `${set.metadata.name}/${rule.watch}`;
          const key = `${repair.decisionId} ${constraint}`;
          const known = this.#looked.get(key);
          const isSettled =
            known !== undefined && (known.effect !== 'unknown' || nowMs - known.atMs < LOOK_AGAIN_MS);
          if (isSettled) continue;
          const effect = await readRepairEffect(client, {
            sets,
            constraint,
            atMs: repair.atMs,
            withinMs: rule.within,
          });
          this.#looked.set(key, { effect, atMs: nowMs });
          if (this.#looked.size > EFFECTS_MAX)
            this.#looked.delete(this.#looked.keys().next().value as string);
        }
      }
    }
  }
}

/** Of each kind that the rule is about, the newest repair whose time is over. */
function newestPerKind(
  set: ConstraintSet,
  rule: ConstraintSet['guardrails']['repairEffect'][number],
  { recent, nowMs }: { recent: RecentActions; nowMs: number },
): RecentAction[] {
  const newest = new Map<string, RecentAction>();
  for (const action of recent.on(set.scope.service)) {
    const isOver = action.atMs + rule.within + ARRIVAL_MS <= nowMs;
    const isPast = action.atMs <= nowMs - rule.within - stopForMs(rule);
    if (isOver && !isPast && isAbout(rule.kinds, action) && applies(set, action.target))
      newest.set(action.kind, action);
  }
  return [...newest.values()];
}

export async function readRepairEffect(
  client: ClickHouseClient,
  of: { sets: readonly ConstraintSet[]; constraint: string; atMs: number; withinMs: number },
): Promise<RepairEffect> {
  const intent = intents(of.sets).find(({ constraint }) => constraint === of.constraint);
  if (intent === undefined) return 'unknown';
  const toStep = (timeMs: number) => Math.floor(timeMs / STEP_MS) * STEP_MS;
  const over = async (fromMs: number, untilMs: number) => {
    const seriesOf = await readIntentSeries(client, [intent], {
      unsampledNames: unsampledServices(of.sets),
      fromMs: toStep(fromMs),
      untilMs: toStep(untilMs),
      stepMs: STEP_MS,
    });
    return intentState(intent, seriesOf(intent));
  };
  const { atMs, withinMs } = of;
  const before = await over(atMs - withinMs, atMs);
  const after = await over(atMs + withinMs / 2, atMs + withinMs);
  return judgeRepair({ before, after });
}
