import {
  expectations,
  intents,
  loadConstraints,
  stabilisedBadRule,
  watchConstraints,
} from '../gates/constraints/constraints.ts';
import { problemText } from '../gates/constraints/problem.ts';
import { detect, newDetectMemory } from './detect.ts';
import { expectationFor } from './expectation-for.ts';
import { judge, newJudgeMemory } from './judge.ts';
import { settleEdges } from './settle-edges.ts';
import { type JobsConfig, type JobsDeps, type Judgement, startJobs } from './start-jobs.ts';

export interface JudgeConfig extends JobsConfig {
  /** A constraint file or a folder of them; followed while it runs. */
  readonly constraintsPath?: string | undefined;
}

/**
 * The judge role: validators every second, edges every two, detectors every five, reports and notifications of what
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
  if (path !== undefined) {
    watchConstraints({
      path,
      now,
      signal,
      onChange: (changed) => {
        sets = [...changed];
      },
      // The gate says what is in force; two processes saying the same would look like two changes.
      onProblem: (problem) => log.warn({ severity: problem.severity }, problemText(problem)),
    });
  }
  const windows = meter.createCounter('plumbline.judge.edge.windows', {
    description: 'Windows in which children were matched with parents, or skipped because nobody did in time',
  });
  const judgeDeps = { client, expectations: () => expectations(sets), memory: newJudgeMemory() };
  const detectDeps = {
    client,
    intents: () => intents(sets),
    rule: (serviceName: string) => stabilisedBadRule(sets, serviceName),
    memory: newDetectMemory(),
  };
  return {
    judge: (nowMs) => judge(judgeDeps, nowMs),
    detect: (nowMs) => detect(detectDeps, nowMs),
    settleEdges: async (nowMs) => {
      const { settledWindows, skippedWindows } = await settleEdges({ client }, nowMs);
      windows.add(settledWindows, { state: 'settled' });
      windows.add(skippedWindows, { state: 'skipped' });
    },
    constraintFor: ({ source, dimension }) => {
      const expectation = expectationFor(expectations(sets), source);
      return expectation?.limits[dimension] === undefined ? null : expectation.constraint;
    },
  };
}
