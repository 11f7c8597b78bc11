import type { FaultSwitches } from './faults/fault.ts';

/** What the demo tells its processes. */
export type ToProcess =
  | { readonly kind: 'start'; readonly options: ProcessOptions }
  | { readonly kind: 'faults'; readonly faults: FaultSwitches };

/** One question of the autoscaler and what came of it. */
export interface Asked {
  readonly kind: 'asked';
  readonly action: 'scale.up' | 'scale.down';
  readonly from: number;
  readonly to: number;
  /** The gate's answer; `unreachable` when there was none. */
  readonly answer: 'allow' | 'deny' | 'hold' | 'unreachable';
  readonly reasons: readonly string[];
  /** Set when the gate could not tell and answered by what is safe. */
  readonly failMode: string | null;
  readonly acted: boolean;
}

/** What its processes tell the demo. */
export type FromProcess = { readonly kind: 'listening'; readonly port: number } | Asked;

/** What a process of the shop is started with. By message: everybody on the machine can read arguments. */
export interface ProcessOptions {
  readonly samplingProbability: number;
  /** Base URLs of what it calls, by name. */
  readonly urls: Readonly<Record<string, string>>;
  readonly requestsPerSecond: number;
  /** Bearer key for Plumbline's API, when it wants one. */
  readonly key: string | null;
}
