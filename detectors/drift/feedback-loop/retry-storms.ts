import { EDGE_STEP_MINUTES, type EdgeHistory } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { windowMean } from '../../equal-load/window-mean.ts';
import { medianOf } from '../../statistics/median-of.ts';
import { type Stretch, stretchesOf } from '../stretches-of.ts';
import type { Loop } from './loop.ts';

/** Attempts per call, over the accepted period, from which on retries are the load. @see drift.md 3.2 */
const AMPLIFICATION_MIN = 1.3;
/** Longer than a trigger and what it leaves behind for a while. */
const LASTING_STEPS = 9;
const CLOSE_STEPS = (24 * 60) / EDGE_STEP_MINUTES;
/** Busier than this, a service is what its callers wait for. */
const BUSY_RATIO = 0.85;
const SLOW_LOG = Math.log(1.5);

/**
 * Retries that keep a service too busy to answer, so that they are needed: attempts per call stay up while the service
 * they go to is saturated. The deepest such service is named: who calls it is kept waiting by it.
 */
export function retryStorms(view: SystemView): Loop[] {
  const storms = view.history.edges
    .flatMap((edge) =>
      amplified(edge, view).map((stretch) => ({ edge, stretch, isBusy: isBusy(edge, stretch, view) })),
    )
    .filter(({ isBusy: busy }) => busy !== false)
    .sort((a, b) => a.stretch.detectedMinute - b.stretch.detectedMinute);
  const isOpenAt = ({ detectedMinute, closedMinute }: Stretch, minute: number) =>
    detectedMinute <= minute && minute <= (closedMinute ?? Number.POSITIVE_INFINITY);
  return storms
    .filter(({ edge, stretch }, i) => {
      const others = storms.filter((of) => isOpenAt(of.stretch, stretch.detectedMinute));
      const isKeptWaiting = others.some((of) => of.edge.from === edge.to);
      // Several callers of one service are one storm.
      const isSame = others.some((of) => of.edge.to === edge.to && storms.indexOf(of) < i);
      return !isKeptWaiting && !isSame;
    })
    .map(({ edge, stretch, isBusy: busy }): Loop => {
      const now = amplificationAt(edge, stretch.index);
      return {
        kind: 'retry-storm',
        service: edge.to,
        driver: `retries of ${edge.from}`,
        onsetMinute: stretch.onsetMinute,
        detectedMinute: stretch.detectedMinute,
        confirmedMinute: busy === true ? stretch.detectedMinute : null,
        closedMinute: stretch.closedMinute,
        metric: `attempts per call of ${edge.to}`,
        ratio: now,
        lower: now,
        upper: now,
        atEqualLoad: false,
        decisions: [],
        text: `${edge.from} tries ${edge.to} ${now.toFixed(1)} times per call, and has for ${LASTING_STEPS * EDGE_STEP_MINUTES} minutes: the retries keep ${edge.to} too busy to answer. Less load alone does not end it: set a retry budget, or shed load until it recovers and let it back slowly.`,
        evidence: {
          attemptsPerCall: Array.from({ length: 2 * LASTING_STEPS }, (_, i) =>
            amplificationAt(edge, Math.max(0, stretch.index - 2 * LASTING_STEPS + 1 + i)),
          ),
        },
      };
    });
}

function amplified(edge: EdgeHistory, view: SystemView): Stretch[] {
  const { history, accepted } = view;
  if (edge.attempts === undefined) return [];
  const fromIndex = Math.ceil(accepted.untilMinute / EDGE_STEP_MINUTES);
  const reference = view.frozen(`usual attempts a call of ${edge.from}->${edge.to}`, ({ fromMinute }) => {
    const usual: number[] = [];
    for (let i = Math.ceil(fromMinute / EDGE_STEP_MINUTES); i < fromIndex; i++) {
      const of = amplificationAt(edge, i);
      if (!Number.isNaN(of)) usual.push(of);
    }
    return usual.length === 0 ? null : medianOf(usual);
  });
  if (reference === null) return [];
  return stretchesOf(
    (index) => {
      const now = amplificationAt(edge, index);
      return Number.isNaN(now) ? null : now >= AMPLIFICATION_MIN * reference;
    },
    {
      fromIndex,
      untilIndex: Math.floor(history.minutes / EDGE_STEP_MINUTES),
      stepMinutes: EDGE_STEP_MINUTES,
      lasting: LASTING_STEPS,
      quiet: CLOSE_STEPS,
    },
  );
}

function amplificationAt({ calls, attempts }: EdgeHistory, index: number): number {
  const made = calls[index] as number;
  return made > 0 ? (attempts[index] as number) / made : Number.NaN;
}

/** null: neither how busy it is nor how slow is known. */
function isBusy(edge: EdgeHistory, { detectedMinute }: Stretch, view: SystemView): boolean | null {
  const fromMinute = detectedMinute + 1 - 60;
  const cpu = view.history.services.get(edge.to)?.series.cpuRatio;
  const busy = cpu === undefined ? Number.NaN : windowMean(cpu, fromMinute, detectedMinute + 1).mean;
  const slow = view.residuals(edge.to, 'p50Ms') ?? view.residuals(edge.to, 'meanMs');
  const slower = slow === null ? Number.NaN : windowMean(slow, fromMinute, detectedMinute + 1).mean;
  if (busy >= BUSY_RATIO || slower >= SLOW_LOG) return true;
  return Number.isNaN(busy) && Number.isNaN(slower) ? null : false;
}
