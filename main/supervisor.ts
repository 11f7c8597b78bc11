import type { Log } from '../core/log.ts';
import { mergePrometheusText } from './merge-prometheus-text.ts';
import type { NewsOf, RoleStart } from './role-message.ts';
import type { Role } from './settings.ts';
import { type RoleScript, SupervisedRole } from './supervised-role.ts';

/** All roles together must have drained by then; an orchestrator's patience is usually 30 s. */
const DRAIN_BUDGET_MS = 15_000;
/** What is left over for a role that only has to close when those before it used the budget up. */
const DRAIN_AT_LEAST_MS = 500;
const METRICS_WAIT_MS = 1_000;
/** Sources first, so that what was accepted is still written; what others rest on last. */
const DRAIN_ORDER: readonly (readonly string[])[] = [['ingest'], ['judge', 'api'], ['store']];

export interface Supervisor {
  /**
   * Starts the store, then `betweenStoreAndRest`, then all others at once; resolves when all are ready.
   * @returns how long each role took from being told to begin, in milliseconds
   */
  start(start: RoleStart, betweenStoreAndRest: () => Promise<void>): Promise<ReadonlyMap<string, number>>;
  /** Drains in order within 15 s; what has not ended by then is killed. */
  stop(): Promise<void>;
  /** Merged Prometheus text of all roles and of the supervisor itself. */
  metrics(): Promise<string>;
}

/** Who is told of what. */
const READER: Readonly<Record<NewsOf, Role>> = { stored: 'judge', judged: 'api' };

/** Forks every role at once, so that their modules load side by side; none begins before `start`. */
export function createSupervisor(options: {
  scripts: readonly RoleScript[];
  log: Log;
  now: () => number;
  drainBudgetMs?: number;
}): Supervisor {
  const roles = options.scripts.map(
    (script) =>
      new SupervisedRole({
        script,
        log: options.log,
        onNews: (of) => {
          for (const reader of named(READER[of])) reader.tellNews(of);
        },
        onAllMetricsWanted: (reply) => void metrics().then(reply),
      }),
  );

  async function metrics(): Promise<string> {
    const texts = await Promise.all(roles.map((role) => role.metrics(METRICS_WAIT_MS)));
    const own = supervisorText(roles.map((role, index) => ({ role, answered: texts[index] !== null })));
    return mergePrometheusText([own, ...texts.filter((text) => text !== null)]);
  }

  const named = (name: string): SupervisedRole[] => roles.filter(({ role }) => role === name);
  return {
    metrics,
    start: async (start, betweenStoreAndRest) => {
      const tookMs = new Map<string, number>();
      const begin = async (role: SupervisedRole): Promise<void> => {
        const begunAtMs = options.now();
        await role.begin(start);
        tookMs.set(role.role, options.now() - begunAtMs);
      };
      await Promise.all(named('store').map(begin));
      await betweenStoreAndRest();
      await Promise.all(roles.filter(({ role }) => role !== 'store').map(begin));
      return tookMs;
    },
    stop: async () => {
      const deadlineMs = options.now() + (options.drainBudgetMs ?? DRAIN_BUDGET_MS);
      for (const stage of DRAIN_ORDER) {
        const leftMs = Math.max(DRAIN_AT_LEAST_MS, deadlineMs - options.now());
        await Promise.all(stage.flatMap(named).map((role) => role.stop(leftMs)));
      }
    },
  };
}

function supervisorText(states: readonly { role: SupervisedRole; answered: boolean }[]): string {
  const family = (
    name: string,
    help: string,
    type: string,
    value: (state: (typeof states)[number]) => number,
  ) =>
    [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...states.map((state) => `${name}{plumbline_role="${state.role.role}"} ${value(state)}`),
    ].join('\n');
  return [
    family('plumbline_role_ready', '1 when the process of the role is ready', 'gauge', ({ role }) =>
      Number(role.isReady),
    ),
    family(
      'plumbline_role_restarts_total',
      'Ends of the process that nobody asked for',
      'counter',
      ({ role }) => role.restartCount,
    ),
    family(
      'plumbline_role_metrics_missing',
      '1 when the metrics of the role are missing below',
      'gauge',
      ({ answered }) => Number(!answered),
    ),
  ].join('\n');
}
