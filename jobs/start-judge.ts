import type { Meter } from '@opentelemetry/api';
import {
  expectations,
  intents,
  loadConstraints,
  stabilisedBadRule,
  unsampledServices,
  watchConstraints,
} from '../gates/constraints/constraints.ts';
import { designIntentOf } from '../gates/constraints/design-intent-of.ts';
import { digestMinuteOf, oncallOf } from '../gates/constraints/oncall-of.ts';
import { problemText } from '../gates/constraints/problem.ts';
import { readOverdueHolds } from '../store/read-overdue-holds.ts';
import { measureOwnLag } from '../validators/time/own-lag.ts';
import { type CanaryMemory, runCanary } from './canary.ts';
import type { Crowd } from './crowd.ts';
import { detect, newDetectMemory } from './detect.ts';
import { detectDriftOf } from './detect-drift.ts';
import { expectationFor } from './expectation-for.ts';
import { judge, newJudgeMemory } from './judge.ts';
import { settleClocks } from './settle-clocks.ts';
import { settleEdges } from './settle-edges.ts';
import { settlePairs } from './settle-pairs.ts';
import { settleSampling } from './settle-sampling.ts';
import { type JobsConfig, type JobsDeps, type Judgement, startJobs } from './start-jobs.ts';

export interface JudgeConfig extends JobsConfig {
  /** A constraint file or a folder of them; followed while it runs. */
  readonly constraintsPath?: string | undefined;
  /** Our own OTLP/HTTP receiver, for the canary; null where there is none here. */
  readonly receiver?: { readonly endpoint: string; readonly key: string | null } | null;
}

/**
 * The judge role: validators every second, pairs of spans every two, detectors every five, reports and notifications of what
 * they say.
 * @throws PipelineError constraints_invalid; queue_unavailable, disk_full when the embedded queue cannot be made
 */
export async function startJudge(config: JudgeConfig, deps: JobsDeps): Promise<{ close(): Promise<void> }> {
  const stopping = new AbortController();
  const judgement = judgementOn(config, deps, stopping.signal);
  const jobs = await startJobs(config, judgement, deps).catch((error) => {
    stopping.abort();
    throw error;
  });
  return {
    close: async () => {
      stopping.abort();
      await jobs.close();
    },
  };
}

function judgementOn(config: JudgeConfig, deps: JobsDeps, signal: AbortSignal): Judgement {
  const { client, log, now, meter } = deps;
  const path = config.constraintsPath;
  let sets = loadConstraints(path, now());
  let expected = expectations(sets);
  if (path !== undefined) {
    watchConstraints({
      path,
      now,
      signal,
      onChange: (changed) => {
        sets = [...changed];
        expected = expectations(sets);
      },
      // The gate says what is in force; two processes saying the same would look like two changes.
      onProblem: (problem) => log.warn({ severity: problem.severity }, problemText(problem)),
    });
  }
  const windows = meter.createCounter('plumbline.judge.edge.windows', {
    description: 'Windows in which children were matched with parents, or skipped because nobody did in time',
  });
  const memory = newJudgeMemory();
  const judgeDeps = { client, expectations: () => expected, memory };
  watchOwnLag(meter, memory.canary);
  watchCrowd(meter, memory.crowd);
  const receiver = config.receiver ?? null;
  const detectDeps = {
    client,
    // What is counted by metrics alone has no steps of spans to look at.
    intents: () => intents(sets).filter(({ by }) => by === undefined),
    rule: (serviceName: string) => stabilisedBadRule(sets, serviceName),
    unsampledNames: () => unsampledServices(sets),
    memory: newDetectMemory(),
  };
  const driftDeps = {
    client,
    intent: () => designIntentOf(sets),
    unsampledNames: () => unsampledServices(sets),
  };
  return {
    judge: (nowMs) => judge(judgeDeps, nowMs),
    detect: async (nowMs) => [
      ...(await detect(detectDeps, nowMs)),
      ...(await readOverdueHolds(client, nowMs)),
    ],
    detectDrift: (nowMs) => detectDriftOf(driftDeps, nowMs),
    settle: async (nowMs) => {
      const { settledWindows, skippedWindows } = await settleEdges({ client }, nowMs);
      windows.add(settledWindows, { state: 'settled' });
      windows.add(skippedWindows, { state: 'skipped' });
      await settleClocks({ client }, nowMs);
      await settlePairs({ client }, nowMs);
      await settleSampling({ client }, nowMs);
    },
    canary:
      receiver === null
        ? null
        : async () => {
            await runCanary({ client, ...receiver, now, signal }, memory.canary);
          },
    constraintFor: ({ source, dimension }) => {
      const expectation = expectationFor(expected, source);
      return expectation?.limits[dimension] === undefined ? null : expectation.constraint;
    },
    oncallOf: (subject) => oncallOf(sets, subject),
    digestMinuteOf: (oncall) => digestMinuteOf(sets, oncall),
  };
}

function watchOwnLag(meter: Meter, { lagsMs }: CanaryMemory): void {
  const lag = meter.createObservableGauge('plumbline.judge.own_lag', {
    unit: 's',
    description: 'From our own receiving of a span until a query sees it, 99 % quantile of the last hour',
  });
  lag.addCallback((result) => {
    const own = measureOwnLag(lagsMs);
    if (own !== null) result.observe(own.p99.estimate / 1_000);
  });
}

function watchCrowd(meter: Meter, crowd: Crowd): void {
  const leftOut = meter.createObservableGauge('plumbline.judge.services.left_out', {
    description:
      'Services about which no verdict is given, as more send than can be judged; the smallest are left out',
  });
  leftOut.addCallback((result) => result.observe(crowd.leftOutCount));
}
