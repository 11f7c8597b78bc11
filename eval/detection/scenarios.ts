import type { Signal } from '../../core/signal.ts';
import type { Dimension, Limits, Outcome } from '../../core/verdict.ts';
import { delay } from '../faults/deform.ts';
import type { Fault, Where } from '../faults/fault.ts';
import { hopOutage, loseBatches } from '../faults/lose.ts';
import type { Draw } from '../traffic/draw.ts';

/** A fault of the service `checkout` of a shop of its own, and what must be said about it how soon. */
export interface Scenario {
  readonly name: string;
  /** Of the shop's services, so that shops can share a server. */
  readonly prefix: string;
  readonly exportMs: number;
  readonly signal: Signal;
  readonly dimension: Dimension;
  readonly turned: readonly Outcome[];
  readonly withinMs: number;
  /** What people wrote, instead of the defaults. */
  readonly limits?: Limits;
  /** Scenarios that make parents late for all on the same server go last, when the others are over. */
  readonly isLast?: true;
  faultOf(where: Begun, draw: Draw): Fault;
}

/** Exports of one service and signal, from the fault on. */
interface Begun extends Where {
  readonly serviceName: string;
  readonly fromMs: number;
}

const ONE_PERCENT: Limits = { warn: 0.01, fail: 0.01 };
const FIVE_SECONDS: Limits = { warn: 5, fail: 5 };
const NOT_PASS: readonly Outcome[] = ['fail', 'unknown'];

export const SCENARIOS: readonly Scenario[] = [
  {
    ...loss('lose20-', 0.2),
    name: '20 % of batches lost: FAIL, limit 5 %',
    turned: ['fail'],
    withinMs: 60_000,
  },
  {
    ...loss('lose5-', 0.05),
    name: '5 % of batches lost: no longer PASS',
    turned: NOT_PASS,
    withinMs: 60_000,
  },
  {
    ...loss('lose5of1-', 0.05),
    name: '5 % of batches lost: FAIL, limit 1 %',
    limits: ONE_PERCENT,
    turned: ['fail'],
    withinMs: 300_000,
  },
  {
    ...loss('outage-', 1),
    name: 'the Collector of checkout loses all for a minute: FAIL, limit 5 %',
    turned: ['fail'],
    withinMs: 90_000,
    faultOf: ({ fromMs, serviceName }) =>
      hopOutage({ hop: 'collector-0', serviceName, fromMs, untilMs: fromMs + 60_000 }),
  },
  {
    ...silence('silent-', 'traces', 5_000),
    name: 'traces in 5 s exports fall silent: no longer PASS',
    withinMs: 3 * 5_000,
  },
  {
    ...silence('mute-', 'metrics', 5_000),
    name: 'metrics of 60 s fall silent: no longer PASS',
    withinMs: 3 * 60_000,
  },
  {
    prefix: 'late-',
    exportMs: 1_000,
    signal: 'traces',
    dimension: 'timeliness',
    name: 'exports come 10 s late: no longer PASS, limit 5 s',
    limits: FIVE_SECONDS,
    turned: NOT_PASS,
    withinMs: 20_000,
    isLast: true,
    faultOf: (where) => delay(where, 10_000),
  },
];

function loss(prefix: string, ratio: number) {
  return {
    prefix,
    exportMs: 1_000,
    signal: 'traces',
    dimension: 'completeness',
    faultOf: (where: Where, draw: Draw) => loseBatches(where, ratio, draw),
  } as const;
}

function silence(prefix: string, signal: Signal, exportMs: number) {
  return {
    prefix,
    exportMs,
    signal,
    dimension: 'timeliness',
    turned: NOT_PASS,
    faultOf: (where: Where, draw: Draw) => loseBatches(where, 1, draw),
  } as const;
}
