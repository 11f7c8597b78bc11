import { describe, expect, it } from 'vitest';
import { sampleAlone } from '../../eval/faults/deform.ts';
import { type Fault, inject } from '../../eval/faults/fault.ts';
import { hopOutage, loseBatches, loseRecords } from '../../eval/faults/lose.ts';
import { Truth } from '../../eval/faults/truth.ts';
import { type Draw, drawFrom } from '../../eval/traffic/draw.ts';
import { edgesOf } from '../../eval/traffic/edges-of.ts';
import type { Fleet } from '../../eval/traffic/fleet.ts';
import { makeTraffic } from '../../eval/traffic/make-traffic.ts';
import { oneEdge } from '../../eval/traffic/one-edge.ts';
import { tenServices } from '../../eval/traffic/ten-services.ts';
import { measureLoss } from '../../validators/measure-loss.ts';
import { runCount } from '../run-count.ts';
import { localEdgesOf } from './local-edges-of.ts';

const START_MS = 1_800_000_000_000;
const UNTIL_MS = START_MS + 620_000;

/** The names of those that look sampled, and of those that surely lost something, after ten minutes. */
function look(
  fleet: Fleet,
  seed: number,
  faultOf: (draw: Draw) => Fault,
  splitOf: 'kept' | 'unknown' = 'kept',
) {
  const traffic = makeTraffic(fleet, { seed, tenant: 't', startMs: START_MS, hourOfWeek: 12 });
  const requests = inject(traffic.until(UNTIL_MS), [faultOf(drawFrom(seed))], new Truth());
  const locals = splitOf === 'kept' ? localEdgesOf(requests) : [];
  const settled = { untilMs: UNTIL_MS - 10_000, lagMs: 5_000 };
  const { slow, sampledAlone } = measureLoss(edgesOf(requests), settled, new Set(), { locals });
  const names = (keys: Iterable<string>) => [...keys].map((key) => key.split('\u001f').at(-1) as string);
  const lost = [...slow].filter(([, { interval }]) => (interval?.lower ?? 0) > 0.05).map(([key]) => key);
  return { sampled: names(sampledAlone.keys()), lost: names(lost) };
}

const seeds = Array.from({ length: runCount({ suite: 3, long: 12 }) }, (_, i) => 1 + i);
const busy = oneEdge({ perSecond: 20, exportMs: 1_000, instances: 1 });
const slowExports = oneEdge({ perSecond: 20, exportMs: 5_000, instances: 4 });
const idle = oneEdge({ perSecond: 0.5, exportMs: 1_000, instances: 2 });
const CALLER = { serviceName: 'caller' };

describe('findSampledAlone', () => {
  it.each([
    ['half of the traces', busy, 0.5],
    ['nine of ten traces', busy, 0.9],
    ['a tenth of the traces', busy, 0.1],
    ['half of the traces, in exports of 5 s', slowExports, 0.5],
  ] as const)('sees a caller that keeps %s', (_name, fleet, ratio) => {
    const seen = seeds.map((seed) => look(fleet, seed, () => sampleAlone(CALLER, ratio)));
    expect(seen.filter(({ lost }) => lost.includes('caller'))).toHaveLength(seeds.length);
    expect(seen.filter(({ sampled }) => sampled.includes('caller'))).toHaveLength(seeds.length);
  });

  it('sees the busy services of a whole fleet that sample each alone', () => {
    const { sampled, lost } = look(tenServices(8), 1, () => sampleAlone({}, 0.5));
    expect(sampled).toEqual(['gateway', 'checkout']);
    // payment calls one service, now and then: too little is shown, and the loss stands.
    expect(lost).toEqual(expect.arrayContaining(['gateway', 'checkout', 'payment']));
  });

  // What is lost must never be taken for a sampler: so it fails.
  it.each([
    ['a fifth of the spans', busy, loseRecords, 0.2],
    ['a tenth of the spans', slowExports, loseRecords, 0.1],
    ['a fifth of the spans, few', idle, loseRecords, 0.2],
    ['a fifth of the exports', busy, loseBatches, 0.2],
    ['half of the exports', busy, loseBatches, 0.5],
    ['a tenth of the exports of 5 s', slowExports, loseBatches, 0.1],
    ['half of the exports, each about one trace', idle, loseBatches, 0.5],
  ] as const)('does not take lost spans for it: %s', (_name, fleet, lose, ratio) => {
    const seen = seeds.map((seed) => look(fleet, seed, (draw) => lose(CALLER, ratio, draw)));
    expect(seen.filter(({ lost }) => lost.includes('caller')).length).toBeGreaterThan(seeds.length / 2);
    expect(seen.flatMap(({ sampled }) => sampled)).toEqual([]);
  });

  it.each([
    ['a minute', START_MS + 300_000, START_MS + 360_000],
    ['the last two minutes', START_MS + 500_000, UNTIL_MS],
  ] as const)('does not take an outage for it: %s of one of two instances', (_name, fromMs, untilMs) => {
    const fleet = oneEdge({ perSecond: 20, exportMs: 1_000, instances: 2 });
    const outage = { hop: 'collector-0', ...CALLER, fromMs, untilMs };
    expect(seeds.flatMap((seed) => look(fleet, seed, () => hopOutage(outage)).sampled)).toEqual([]);
  });

  it('lets the loss stand where a service has no edges of its own', () => {
    const seen = seeds.map((seed) => look(busy, seed, () => sampleAlone(CALLER, 0.5), 'unknown'));
    expect(seen.flatMap(({ sampled }) => sampled)).toEqual([]);
    expect(seen.filter(({ lost }) => lost.includes('caller'))).toHaveLength(seeds.length);
  });
});
