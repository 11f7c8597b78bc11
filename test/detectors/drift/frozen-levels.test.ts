import { expect, it } from 'vitest';
import { detectDrift } from '../../../detectors/detect-drift.ts';
import { freezeServices } from '../../../detectors/equal-load/freeze-services.ts';
import { viewSystem } from '../../../detectors/equal-load/system-view.ts';
import { cutHistory } from './cut-history.ts';
import { laterHistory } from './later-history.ts';
import { ACCEPTED, DAY, makeChain, slow } from './make-history-chain.ts';

const ONSET = 5 * DAY + 600;
/** Two of the four accepted days are still read. */
const FROM = 2 * DAY;

const history = makeChain(1, {
  turn: (chain) => {
    slow(chain, 'store', (minute) => (minute >= ONSET ? 1.6 : 1));
    // Nothing of it is seen in the accepted period, and it may be asked for all the same.
    const { attempts } = chain.edges[0];
    attempts.fill(1.5 * (attempts[0] as number), ONSET / 10);
  },
});
const { untilMinute } = ACCEPTED;
const numbers = freezeServices(cutHistory(history, untilMinute).services.values(), untilMinute);
const told = (view: ReturnType<typeof viewSystem>, fromMinute: number) =>
  detectDrift(view).map(({ kind, subject, onsetMinute, detectedMinute, confirmedMinute, effect }) => ({
    kind,
    subject,
    onset: onsetMinute + fromMinute,
    detected: detectedMinute + fromMinute,
    confirmed: confirmedMinute === null ? null : confirmedMinute + fromMinute,
    metric: effect.metric,
    ratio: effect.ratio.toPrecision(4),
  }));

it('finds by what was frozen what it finds by the accepted minutes, and keeps it small', () => {
  const first = viewSystem(history, ACCEPTED, { numbers, isFreezing: true });
  const found = told(first, 0);
  expect(found.length).toBeGreaterThan(1);

  // Frozen on an earlier day, before anything was off: what is asked for later is in it.
  const early = viewSystem(cutHistory(history, untilMinute + DAY), ACCEPTED, { numbers, isFreezing: true });
  expect(detectDrift(early)).toEqual([]);
  const text = JSON.stringify(early.levels);
  expect(text.length).toBeLessThan(30_000 * history.services.size);
  const levels = JSON.parse(text) as typeof early.levels;
  const later = laterHistory(history, FROM);
  const accepted = { fromMinute: -FROM, untilMinute: untilMinute - FROM };
  expect(told(viewSystem(later, accepted, { numbers, levels }), FROM)).toEqual(found);
});

it('says nothing of what nobody froze', () => {
  const later = laterHistory(history, untilMinute);
  expect(
    detectDrift(viewSystem(later, { fromMinute: -untilMinute, untilMinute: 0 }, { levels: {} })),
  ).toEqual([]);
});
