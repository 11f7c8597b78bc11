import type { ClickHouseClient } from '@clickhouse/client';
import type { SourceExpectation } from '../../core/expectation.ts';
import type { Verdict } from '../../core/verdict.ts';
import { judge, newJudgeMemory } from '../../jobs/judge.ts';
import { settleClocks } from '../../jobs/settle-clocks.ts';
import { settleEdges } from '../../jobs/settle-edges.ts';
import { settlePairs } from '../../jobs/settle-pairs.ts';
import { settleSampling } from '../../jobs/settle-sampling.ts';
import { type Fault, inject } from '../faults/fault.ts';
import { Truth } from '../faults/truth.ts';
import type { Traffic } from '../traffic/make-traffic.ts';
import type { ExportRequest } from '../traffic/telemetry.ts';
import { insertRequests } from './insert-requests.ts';

/** One fleet with what happens to its exports; fleets are told apart by their tenant. */
export interface Life {
  readonly traffic: Traffic;
  readonly faults: readonly Fault[];
}

/**
 * Lives through virtual time: exports are stored when they arrive, and at every tick all the judge role does is done:
 * the real settling and the real judge, but no canary, so our own lag is unknown. Many fleets live at once, so that hundreds of hours fit in minutes.
 * @param of.ticksMs in order, and none before now: the tables forget what is old
 * @param of.see gets all verdicts of each tick
 * @throws PipelineError
 */
export async function liveThrough(
  client: ClickHouseClient,
  lives: readonly Life[],
  of: {
    readonly ticksMs: readonly number[];
    readonly expectations?: readonly SourceExpectation[];
    readonly see: (verdicts: readonly Verdict[], nowMs: number) => void;
  },
): Promise<void> {
  const deps = { client, expectations: () => of.expectations ?? [], memory: newJudgeMemory() };
  const truth = new Truth();
  let underWay: ExportRequest[] = [];
  for (const nowMs of of.ticksMs) {
    for (const { traffic, faults } of lives) {
      for (const request of inject(traffic.until(nowMs), faults, truth)) underWay.push(request);
    }
    const { arrived = [], later = [] } = Object.groupBy(underWay, ({ arrivedMs }) =>
      arrivedMs <= nowMs ? 'arrived' : 'later',
    );
    underWay = later;
    await insertRequests(client, arrived);
    await settleEdges({ client }, nowMs);
    await settleClocks({ client }, nowMs);
    await settlePairs({ client }, nowMs);
    await settleSampling({ client }, nowMs);
    of.see(await judge(deps, nowMs), nowMs);
  }
}

/** Every `everyMs` after `fromMs`, up to `untilMs`. */
export function ticksUntil(fromMs: number, untilMs: number, everyMs: number): number[] {
  return Array.from(
    { length: Math.floor((untilMs - fromMs) / everyMs) },
    (_, i) => fromMs + (i + 1) * everyMs,
  );
}
