import type { FailureCode } from '../core/errors.ts';
import type { Config } from './config.ts';

/** What a role's process needs to begin; arrives by message, so secrets stand in no process list. */
export interface RoleStart {
  readonly config: Config;
  readonly instanceId: string;
}

/** From the supervisor to a role's process. */
export type ToRole =
  | { readonly kind: 'start'; readonly start: RoleStart }
  | { readonly kind: 'stop' }
  | { readonly kind: 'news'; readonly of: NewsOf }
  | { readonly kind: 'metrics-wanted'; readonly id: number }
  | { readonly kind: 'all-metrics'; readonly id: number; readonly text: string };

/**
 * `stored`: rows of telemetry were, the judge may look at once. `judged`: verdicts were written, the gate may read them at
 * once. Only a hint, which need not arrive.
 */
export type NewsOf = 'stored' | 'judged';

/** From a role's process to the supervisor. */
export type FromRole =
  | { readonly kind: 'ready' }
  | { readonly kind: 'news'; readonly of: NewsOf }
  | {
      readonly kind: 'failed';
      readonly code: FailureCode;
      readonly message: string;
      readonly facts: Readonly<Record<string, string | number>>;
    }
  | { readonly kind: 'metrics'; readonly id: number; readonly text: string }
  | { readonly kind: 'all-metrics-wanted'; readonly id: number };
