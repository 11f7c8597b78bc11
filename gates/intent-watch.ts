import type { ClickHouseClient } from '@clickhouse/client';
import type { ServiceStep } from '../core/service-step.ts';
import type { ConstraintSet } from './constraints/constraint-set.ts';
import { intents } from './constraints/constraints.ts';
import { type IntentState, intentState } from './intent-state.ts';

/** Steps of one service (all its namespaces and tenants) whose event time lies in [fromMs, toMs). */
export type ReadSteps = (
  client: ClickHouseClient,
  of: { serviceName: string; fromMs: number; toMs: number },
) => Promise<readonly ServiceStep[]>;

/** Long enough for a quantile, short enough to be about now. */
const WINDOW_MS = 600_000;
const REFRESH_MS = 5_000;
/** As for verdicts: what nobody renewed three times is no longer known. */
const VALID_MS = 15_000;

/** How the written intents stand, in memory; read again every 5 s, and only for services that have any. */
export class IntentWatch {
  readonly #readSteps: ReadSteps;
  #states: readonly IntentState[] = [];
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(readSteps: ReadSteps) {
    this.#readSteps = readSteps;
  }

  /** What is known at `nowMs`: nothing, once it is too old. An intent that is not listed is unknown. */
  states(nowMs: number): readonly IntentState[] {
    return nowMs - this.#readAtMs <= VALID_MS ? this.#states : [];
  }

  /** @throws PipelineError store_unavailable */
  async refresh(
    client: ClickHouseClient,
    of: { sets: readonly ConstraintSet[]; nowMs: number },
  ): Promise<void> {
    const { nowMs } = of;
    if (nowMs - this.#readAtMs < REFRESH_MS) return;
    const byService = Map.groupBy(intents(of.sets), ({ serviceName }) => serviceName);
    const states: IntentState[] = [];
    for (const [serviceName, targets] of byService) {
      const steps = await this.#readSteps(client, { serviceName, fromMs: nowMs - WINDOW_MS, toMs: nowMs });
      states.push(...targets.map((intent) => intentState(intent, steps)));
    }
    this.#states = states;
    this.#readAtMs = nowMs;
  }
}
