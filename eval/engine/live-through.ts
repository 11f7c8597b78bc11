import type { ClickHouseClient } from '@clickhouse/client';
import type { Verdict } from '../../core/verdict.ts';
import { judge, newJudgeMemory } from '../../jobs/judge.ts';
import { settleEdges } from '../../jobs/settle-edges.ts';
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
 * Virtual time from `startMs` to `untilMs`: exports are stored when they arrive, and every `everyMs` the real
 * settling and the real judge do their ticks. Many fleets live at once, so that hundreds of hours fit in minutes.
 * @param of.startMs not before now: the tables forget what is old, and virtual time must not reach back into that
 * @param of.see gets all verdicts of each tick
 * @throws PipelineError
 */
export async function liveThrough(
  client: ClickHouseClient,
  lives: readonly Life[],
  of: {
    readonly startMs: number;
    readonly untilMs: number;
    readonly everyMs: number;
    readonly see: (verdicts: readonly Verdict[], nowMs: number) => void;
  },
): Promise<void> {
  const deps = { client, expectations: () => [], memory: newJudgeMemory() };
  const truth = new Truth();
  let underWay: ExportRequest[] = [];
  for (let nowMs = of.startMs + of.everyMs; nowMs <= of.untilMs; nowMs += of.everyMs) {
    for (const { traffic, faults } of lives) {
      for (const request of inject(traffic.until(nowMs), faults, truth)) underWay.push(request);
    }
    const { arrived = [], later = [] } = Object.groupBy(underWay, ({ arrivedMs }) =>
      arrivedMs <= nowMs ? 'arrived' : 'later',
    );
    underWay = later;
    await insertRequests(client, arrived);
    await settleEdges({ client }, nowMs);
    of.see(await judge(deps, nowMs), nowMs);
  }
}
