import type { LocalObjective, ServiceSeries } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import type { ActorAtWork } from './actors-at-work.ts';

/** What a setting is turned for, up and down. @see drift.md section 2, of what is not declared */
const KNOBS: readonly {
  readonly gauge: ServiceSeries;
  readonly up: Wish | null;
  readonly down: Wish | null;
}[] = [
  { gauge: 'replicasMin', up: 'latency', down: 'cost' },
  { gauge: 'replicasMax', up: 'latency', down: 'cost' },
  { gauge: 'cpuLimitCores', up: 'latency', down: 'cost' },
  { gauge: 'cpuTarget', up: 'cost', down: 'latency' },
  { gauge: 'cacheTtlS', up: 'hits', down: null },
];
type Wish = keyof typeof WISHES;
const WISHES = {
  cost: [{ metric: 'cost', wants: 'less' }],
  latency: [
    { metric: 'self_ms', wants: 'less' },
    { metric: 'p50_ms', wants: 'less' },
  ],
  hits: [{ metric: 'cache_hit_ratio', wants: 'more' }],
} as const;

/** A setting is seen in its gauge after so long. */
const SEEN_MINUTES = 15;
/** Of a gauge's value: what files and exporters round. */
const ROUNDING = 0.01;

/** What the knob that an actor has turned by a minute is commonly turned for; nothing where no gauge shows the knob. */
export function knobObjectives(
  { history }: SystemView,
  { service, actions }: ActorAtWork,
  untilMinute: number,
): Pick<LocalObjective, 'subject' | 'metric' | 'wants'>[] {
  const series = history.services.get(service)?.series ?? {};
  const last = actions.filter(({ minute, to }) => to !== null && minute + SEEN_MINUTES < untilMinute).at(-1);
  const first = actions[0];
  if (last === undefined || first === undefined) return [];
  const knob = KNOBS.find(({ gauge }) => {
    const now = series[gauge]?.[last.minute + SEEN_MINUTES] ?? Number.NaN;
    return Math.abs(now - (last.to as number)) <= ROUNDING * Math.abs(now);
  });
  const before = knob && series[knob.gauge]?.[Math.max(0, first.minute - 1)];
  if (knob === undefined || before === undefined || Number.isNaN(before)) return [];
  const change = (last.to as number) - before;
  const wish = change > 0 ? knob.up : change < 0 ? knob.down : null;
  return wish === null ? [] : WISHES[wish].map((of) => ({ ...of, subject: service }));
}
