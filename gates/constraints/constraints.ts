import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { PipelineError } from '../../core/errors.ts';
import type {
  DeclaredCounter,
  IntentMetric,
  IntentTarget,
  SourceExpectation,
  StabilisedBadRule,
} from '../../core/expectation.ts';
import type { Dimension, Limits } from '../../core/verdict.ts';
import type { ConstraintSet, SourceConstraint } from './constraint-set.ts';
import { type Problem, problemText } from './problem.ts';
import { type ConstraintFileState, type LintedFiles, readConstraintFiles } from './read-constraint-files.ts';

/**
 * The constraint sets a process starts with; none without a path. Unlike a reload, a start has no last good
 * set to fall back to, and starting without its boundaries would be the laxest state of all: it refuses.
 * @throws PipelineError constraints_invalid naming every file:line, when anything is wrong
 */
export function loadConstraints(path: string | undefined, nowMs: number = Date.now()): ConstraintSet[] {
  if (path === undefined) return [];
  let states: ConstraintFileState[];
  try {
    states = readConstraintFiles(path, nowMs);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PipelineError(
      'constraints_invalid',
      `The constraints at ${path} cannot be read: ${why}. Correct PLUMBLINE_CONSTRAINTS or create the file.`,
      { path },
      cause,
    );
  }
  const errors = states.flatMap(({ problems }) => problems.filter(({ severity }) => severity === 'error'));
  if (errors.length > 0) {
    const listed = errors.map(problemText).join('\n');
    throw new PipelineError('constraints_invalid', `The constraints have errors; correct them:\n${listed}`, {
      path,
      errorCount: errors.length,
    });
  }
  return states.flatMap(({ set }) => (set === null ? [] : [set]));
}

export interface ConstraintWatch {
  /** A file, or a folder of *.yaml. */
  readonly path: string;
  /** Called at once with what is on disk, then whenever the sets in force change. */
  readonly onChange: (sets: readonly ConstraintSet[]) => void;
  /** Called with every problem (warnings too) of a changed file, and when the path cannot be read. */
  readonly onProblem: (problem: Problem) => void;
  readonly signal: AbortSignal;
  readonly now?: () => number;
  readonly pollMs?: number;
}

/** File events are lost on network file systems and on replaced folders; a look every 2 s is the safety net. */
const POLL_MS = 2_000;
/** Editors write a file in several steps (truncate, write, rename); reading in between would see half of it. */
const SETTLE_MS = 50;

/**
 * Keeps the sets in force: of every file the last good one. A file with an error is reported and its
 * predecessor stays; a file that was removed takes its set with it; when the whole path cannot be read,
 * everything stays as it was.
 */
export function watchConstraints({
  path,
  onChange,
  onProblem,
  signal,
  now = Date.now,
  pollMs = POLL_MS,
}: ConstraintWatch): void {
  const lastSeen = new Map<string, string>();
  const inForce = new Map<string, ConstraintSet>();
  const linted: LintedFiles = new Map();
  let lastFailure: string | null = null;
  let settling: NodeJS.Timeout | undefined;

  function readStates(): ConstraintFileState[] | null {
    try {
      const states = readConstraintFiles(path, now(), linted);
      lastFailure = null;
      return states;
    } catch (error) {
      const message = `cannot be read: ${error instanceof Error ? error.message : error}`;
      const hint = 'restore the path; the constraints read last stay in force';
      if (message !== lastFailure)
        onProblem({ file: path, line: 1, column: 1, message, hint, severity: 'error' });
      lastFailure = message;
      return null;
    }
  }

  function dropRemoved(states: readonly ConstraintFileState[]): boolean {
    const present = new Set(states.map(({ file }) => file));
    const gone = [...lastSeen.keys()].filter((file) => !present.has(file));
    for (const file of gone) {
      lastSeen.delete(file);
      inForce.delete(file);
    }
    return gone.length > 0;
  }

  /** True when the sets in force changed. */
  function take(state: ConstraintFileState): boolean {
    const { file, text, set, problems } = state;
    // Not the text alone: a file refused for another's name becomes good when the other file changes, and what it
    // refers to changes its revision.
    const seen = `${set?.origin.revision ?? `bad ${problems.length}`}:${text}`;
    if (lastSeen.get(file) === seen) return false;
    lastSeen.set(file, seen);
    for (const problem of problems) onProblem(problem);
    if (set === null) return false;
    inForce.set(file, set);
    return true;
  }

  function reload(isFirst: boolean): void {
    const states = readStates();
    if (states === null) return;
    const removed = dropRemoved(states);
    const taken = states.map(take).includes(true);
    if (isFirst || removed || taken)
      onChange([...inForce.keys()].sort().map((file) => inForce.get(file) as ConstraintSet));
  }

  function onEvent(): void {
    clearTimeout(settling);
    settling = setTimeout(() => reload(false), SETTLE_MS);
  }

  const watcher = watchOrNull(path, onEvent);
  const poll = setInterval(() => reload(false), pollMs);
  const stop = () => {
    clearTimeout(settling);
    clearInterval(poll);
    watcher?.close();
  };
  signal.addEventListener('abort', stop, { once: true });
  reload(true);
}

function watchOrNull(path: string, onEvent: () => void): FSWatcher | null {
  try {
    // The folder, also of a single file: a watch on a file is lost when an editor replaces it.
    const folder = statSync(path).isDirectory() ? path : dirname(path);
    const watcher = watch(folder, { persistent: false }, onEvent);
    watcher.on('error', () => watcher.close()); // the poll goes on
    return watcher;
  } catch {
    return null; // no file events on this file system: the poll goes on
  }
}

function limitsOf({ expect }: SourceConstraint): Partial<Record<Dimension, Limits>> {
  const limits: Partial<Record<Dimension, Limits>> = {};
  if (expect.completeness !== undefined) {
    const { lostRatioMax } = expect.completeness;
    limits.completeness = { warn: lostRatioMax, fail: lostRatioMax };
  }
  if (expect.lag !== undefined) {
    limits.timeliness = { warn: expect.lag.latenessSMax, fail: expect.lag.latenessSMax };
  }
  return limits;
}

function counterOf({ expect }: SourceConstraint, serviceName: string): DeclaredCounter | null {
  const counter = expect.sampling?.counter;
  if (counter === undefined) return null;
  const { service, metric, where, counts } = counter;
  return { serviceName: service ?? serviceName, metric, where, counts };
}

/** What validators judge the sources of these sets against. */
export function expectations(sets: readonly ConstraintSet[]): SourceExpectation[] {
  return sets.flatMap(({ metadata, scope, sources }) =>
    sources.map((source) => ({
      constraint: `${metadata.name}/${source.id}`,
      serviceName: scope.service,
      signal: source.signal,
      limits: limitsOf(source),
      latenessQuantile: source.expect.lag?.quantile ?? 0.99,
      counter: counterOf(source, scope.service),
      ...(source.expect.sampling?.maxRelError === undefined
        ? {}
        : { countsWithin: source.expect.sampling.maxRelError }),
    })),
  );
}

/** Services whose traces, people declare, nothing samples; not where another set says that something does. */
export function unsampledServices(sets: readonly ConstraintSet[]): ReadonlySet<string> {
  const declaring = (declared: 'none' | 'consistent') =>
    sets.flatMap(({ scope, sources }) =>
      sources.some(({ signal, expect }) => signal === 'traces' && expect.sampling?.declared === declared)
        ? [scope.service]
        : [],
    );
  const sampled = new Set(declaring('consistent'));
  return new Set(declaring('none').filter((serviceName) => !sampled.has(serviceName)));
}

export function intents(sets: readonly ConstraintSet[]): IntentTarget[] {
  return sets.flatMap(({ metadata, scope, intent }) =>
    intent.map(({ id, expr, target, why }) => ({
      constraint: `${metadata.name}/${id}`,
      serviceName: scope.service,
      metric: expr.slice(expr.indexOf('.') + 1) as IntentMetric,
      ...(expr.startsWith('metrics.') ? { by: 'metrics' as const } : {}),
      comparator: target.comparator,
      target: target.value,
      why,
    })),
  );
}

/** Two hours outside intent, moving less than 2 % an hour: long enough that no repair is under way by itself. */
const STABILISED_BAD_DEFAULT: StabilisedBadRule = { outsideIntentForMs: 7_200_000, changeRatioPerHour: 0.02 };

/** The rule of the first set of the service that has one, what it leaves out taken from the default. */
export function stabilisedBadRule(sets: readonly ConstraintSet[], serviceName: string): StabilisedBadRule {
  const rule = sets.find(
    ({ scope, drift }) => scope.service === serviceName && drift.stabilisedBad !== undefined,
  )?.drift.stabilisedBad;
  return {
    outsideIntentForMs: rule?.outsideIntentFor ?? STABILISED_BAD_DEFAULT.outsideIntentForMs,
    changeRatioPerHour: rule?.changeRate ?? STABILISED_BAD_DEFAULT.changeRatioPerHour,
  };
}
