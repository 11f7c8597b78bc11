import type { DriftEpisode } from '../../../core/drift-episode.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { windowMean } from '../../equal-load/window-mean.ts';
import { ratioInterval } from '../../statistics/ratio-interval.ts';
import { doseResponse } from './dose-response.ts';
import { externality } from './share-of-harm.ts';
import type { Signal } from './signal.ts';
import type { Trade } from './trade.ts';

const WINDOW_MINUTES = 1440;

/** An episode as it is known at a minute; nothing later is looked at. */
export function describeTrade(trade: Trade, view: SystemView): DriftEpisode {
  const { work, gain, loss, atMinute, harmShare, dose, placeboP } = trade;
  const window = { from: atMinute - WINDOW_MINUTES, until: atMinute };
  const before = work.actions.filter(({ minute }) => minute < atMinute);
  const started = (before[0] as { minute: number }).minute;
  const ownRatio = ratioOver(gain.signal, window);
  const lossRatio = ratioOver(loss, window);
  const isDeclared = gain.inferredFrom === null && loss.isDeclared;
  const paid = externality(view, work.service, window);
  const since = new Date(view.history.startMs + started * 60_000)
    .toISOString()
    .slice(0, 16)
    .replace('T', ' ');
  const followed =
    dose === null ? '' : `, and follows its knob with a rank correlation of ${dose.toFixed(2)}`;
  return {
    kind: 'local-vs-global',
    subject: work.service,
    culprit: work.actor,
    onsetMinute: started,
    detectedMinute: atMinute,
    confirmedMinute: null,
    closedMinute: null,
    effect: { metric: loss.metric, ...lossRatio, atEqualLoad: loss.unit === 'log' },
    confidence: Math.min(0.99, (1 - placeboP) * (dose === null ? 0.9 : 0.9 + 0.1 * Math.abs(dose))),
    hiddenBy: ['the better figures of its own objective', 'baselines that learn: it moves in steps'],
    actors: [work.actor],
    decisions: [...new Set(before.flatMap(({ decisionId }) => decisionId ?? []))],
    reasons: [
      {
        code: 'own_objective_better',
        text: `${work.actor} acted ${before.length} times on ${work.service} since ${since}; ${gain.signal.metric} there, ${wantedBy(trade)}, is ${size(ownRatio.ratio, gain.signal)} what it was at equal load.`,
      },
      {
        code: 'global_objective_worse',
        text: `${loss.metric}: ${size(lossRatio.ratio, loss)} what it was at equal load (${size(lossRatio.lower, loss)} to ${size(lossRatio.upper, loss)}), over the last day.`,
      },
      {
        code: 'how_sure',
        text: `${Math.round(100 * harmShare.share)} % of the loss passes through ${work.service} (by ${harmShare.by})${followed}; rank among days of the accepted period: p = ${placeboP.toPrecision(1)}.`,
      },
      ...(isDeclared
        ? []
        : [
            {
              code: 'objective_inferred',
              text: 'Not all of these objectives were declared by people: no more than a suspicion.',
            },
          ]),
      {
        code: 'what_to_do',
        text: `Ask for a reversal: set what ${work.actor} turned back to where it was on ${since} for six hours, and see whether ${loss.metric} follows.`,
      },
    ],
    evidence: {
      isDeclared,
      own: { metric: gain.signal.metric, ...ownRatio, inferredFrom: gain.inferredFrom },
      harmShare,
      dose: doseResponse(work.actions, loss.worse, atMinute),
      knob: before.map(({ minute, kind, to }) => ({ minute, kind, to })),
      externality: paid,
      placeboP,
    },
    falsifiedBy: `${loss.metric} stays as it is while the knobs of ${work.actor} on ${work.service} are back where they were`,
  };
}

function wantedBy({ gain: { inferredFrom }, work: { actor } }: Trade): string {
  if (inferredFrom === null) return 'which it is there to improve';
  return inferredFrom === 'knob'
    ? 'which such a knob is commonly turned for'
    : `which ${actor} appears to work for (better after ${inferredFrom.improved} of ${inferredFrom.actions} actions)`;
}

/** Now over reference, by hours of the window as blocks; of points, 1 + points. */
function ratioOver(
  { worse, unit, wants }: Signal,
  window: { readonly from: number; readonly until: number },
) {
  const sign = wants === 'more' ? -1 : 1;
  const hours = Array.from({ length: Math.floor((window.until - window.from) / 60) }, (_, hour) =>
    windowMean(worse, window.from + hour * 60, window.from + hour * 60 + 60),
  );
  const { estimate, lower, upper } = ratioInterval(
    hours.map(({ mean, n }) => (n === 0 ? Number.NaN : sign * mean * n)),
    hours.map(({ n }) => n),
  );
  const ratio = (change: number) => (unit === 'log' ? Math.exp(change) : 1 + change);
  return { ratio: ratio(estimate), lower: ratio(lower), upper: ratio(upper) };
}

function size(ratio: number, { unit }: Signal): string {
  return unit === 'log' ? `${ratio.toFixed(2)} times` : `${(100 * (ratio - 1)).toFixed(2)} points above`;
}
