import { Environment } from '@marcbachmann/cel-js';
import type { Signal } from '../../core/signal.ts';
import { agree } from './interval-logic.ts';

export const DATA_FACTS = {
  complete: 'bool',
  fresh: 'bool',
  sampled: 'bool',
  structured: 'bool',
  completeness: 'double',
  lag_p99_s: 'double',
  age_s: 'double',
  rate: 'double',
} as const;
export type DataFact = keyof typeof DATA_FACTS;

export const INTENT_FACTS = { met: 'bool', value: 'double', wrong: 'double' } as const;
export type IntentFact = keyof typeof INTENT_FACTS;

const BLAST_RADIUS = { pct: 'double', count: 'double', of: 'double', unit: 'string' } as const;

export const ACTION_FACTS = {
  kind: 'string',
  stage: 'string',
  reversible: 'bool',
  plan_generation: 'string',
  objective: 'string',
  blast_radius: BLAST_RADIUS,
  from: 'map<string, dyn>',
  to: 'map<string, dyn>',
} as const;

export const ACTOR_FACTS = { id: 'string', type: 'string' } as const;
export const ROOTS = ['action', 'actor', 'target', 'data', 'intent', 'incident', 'now'] as const;

/** What a file's expressions may name. */
export interface PolicyNames {
  readonly sources: readonly string[];
  readonly intents: readonly string[];
  /** By source; of what is left out everything is thought to be measured. */
  readonly signals?: Readonly<Record<string, Signal>>;
}

const OF_TIME = ['fresh', 'structured', 'age_s', 'lag_p99_s'] as const;
/** What is measured of a signal; the rest would be unknown for ever. */
export const MEASURED_OF: Readonly<Record<Signal, readonly DataFact[]>> = {
  traces: [...OF_TIME, 'complete', 'completeness', 'sampled', 'rate'],
  logs: [...OF_TIME, 'sampled'],
  metrics: [...OF_TIME, 'rate'],
};

/** `ok-rate` is no word of the language: it is written `intent.ok_rate`, or `intent["ok-rate"]`. */
export function wordOf(id: string): string {
  return id.replaceAll(/[^A-Za-z0-9_]/g, '_');
}

/** The id that an expression means by a word; undefined when none. */
export function idOf(word: string, ids: readonly string[]): string | undefined {
  return ids.find((id) => id === word) ?? ids.find((id) => wordOf(id) === word);
}

function byWord<T>(ids: readonly string[], schema: T): Record<string, T> {
  return Object.fromEntries(ids.flatMap((id) => [id, wordOf(id)]).map((word) => [word, schema]));
}

/** Far more than a rule that people can read. */
const LIMITS = { maxAstNodes: 2_000, maxDepth: 64 };

/** The language of one file: typed, closed (an unknown name is an error), without time or chance of its own. */
export function policyLanguage({ sources, intents }: PolicyNames): Environment {
  return new Environment({ unlistedVariablesAreDyn: false, limits: LIMITS })
    .registerType({ name: 'Intents', schema: byWord(intents, INTENT_FACTS) })
    .registerVariable({ name: 'action', schema: ACTION_FACTS })
    .registerVariable({ name: 'actor', schema: ACTOR_FACTS })
    .registerVariable('target', 'map<string, string>')
    .registerVariable({ name: 'data', schema: byWord(sources, DATA_FACTS) })
    .registerVariable('intent', 'Intents')
    .registerVariable({ name: 'incident', schema: { open: 'bool' } })
    .registerVariable('now', 'google.protobuf.Timestamp')
    .registerFunction('agree(double, double, double): bool', agree)
    .registerFunction('Intents.all_met_for(string): bool', () => {
      throw new Error('all_met_for is answered before the language is asked');
    });
}
