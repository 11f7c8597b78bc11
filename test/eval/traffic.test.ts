import { describe, expect, it } from 'vitest';
import {
  duplicate,
  holdOpen,
  sampleAboveOthers,
  sampleAgainstMarks,
  sampleAlone,
} from '../../eval/faults/deform.ts';
import { inject } from '../../eval/faults/fault.ts';
import { hopOutage, loseBatches, loseRecords } from '../../eval/faults/lose.ts';
import { Truth } from '../../eval/faults/truth.ts';
import { drawFrom } from '../../eval/traffic/draw.ts';
import { spanIdText, traceIdText } from '../../eval/traffic/id-text.ts';
import { makeTraffic } from '../../eval/traffic/make-traffic.ts';
import { smallShop } from '../../eval/traffic/small-shop.ts';
import type { ExportRequest } from '../../eval/traffic/telemetry.ts';
import { tenServices } from '../../eval/traffic/ten-services.ts';

const START_MS = 1_800_000_000_000;
const MINUTE_MS = 60_000;

function traffic(seed = 1) {
  return makeTraffic(tenServices(4), { seed, tenant: 'test', startMs: START_MS, hourOfWeek: 12 });
}

const spansOf = (requests: readonly ExportRequest[]) => requests.flatMap(({ spans }) => spans);

describe('makeTraffic', () => {
  it('gives the same records from the same seed, asked minute by minute or at once', () => {
    const stepwise = traffic();
    const parts = [1, 2, 3].flatMap((minute) => stepwise.until(START_MS + minute * MINUTE_MS));
    const whole = traffic().until(START_MS + 3 * MINUTE_MS);
    const recordsOf = (requests: readonly ExportRequest[]) =>
      spansOf(requests).sort((a, b) => a.spanId - b.spanId);
    expect(recordsOf(parts).length).toBeGreaterThan(2_000);
    expect(recordsOf(parts)).toEqual(recordsOf(whole));
    expect(recordsOf(traffic(2).until(START_MS + 3 * MINUTE_MS))).not.toEqual(recordsOf(whole));
  });

  it('names the parent of every child but those still under way, in another process where it says so', () => {
    const requests = traffic().until(START_MS + 3 * MINUTE_MS);
    const owner = new Map(
      requests.flatMap(({ serviceName, spans }) => spans.map(({ spanId }) => [spanId, serviceName] as const)),
    );
    const children = requests.flatMap(({ serviceName, spans }) =>
      spans
        .filter(({ parentSpanId, endMs }) => parentSpanId !== 0 && endMs < START_MS + 2 * MINUTE_MS)
        .map((span) => ({ serviceName, ...span })),
    );
    const found = children.filter(({ parentSpanId }) => owner.has(parentSpanId));
    expect(children.length).toBeGreaterThan(1_000);
    expect(found.length / children.length).toBeGreaterThan(0.99);
    expect(
      found.filter(
        ({ isRemote, serviceName, parentSpanId }) => isRemote !== (owner.get(parentSpanId) !== serviceName),
      ),
    ).toEqual([]);
  });

  it('sends nothing before it ended, and every service under new instances after a deploy', () => {
    const requests = traffic().until(START_MS + 130 * MINUTE_MS);
    const early = requests.filter(({ sentMs, spans }) => spans.some(({ endMs }) => endMs - 25 > sentMs));
    expect(early).toEqual([]);
    const instances = Map.groupBy(requests, ({ serviceName }) => serviceName);
    expect(instances.size).toBe(10);
    for (const own of instances.values()) {
      const generations = new Set(own.map(({ instanceId }) => instanceId.split('-').at(-2)));
      expect(generations.size).toBeGreaterThan(1);
    }
  });
});

describe('ids', () => {
  it('are of the right length, different for different numbers', () => {
    const ids = Array.from({ length: 1_000 }, (_, i) => traceIdText(1e8 + i));
    expect(new Set(ids.map((id) => id.slice(18))).size).toBe(1_000);
    expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
    expect(spanIdText(1e8)).toMatch(/^[0-9a-f]{16}$/);
    expect(spanIdText(0)).toBe('');
  });
});

describe('faults', () => {
  const shop = () =>
    makeTraffic(smallShop({ prefix: '', spansPerSecond: 100, exportMs: 1_000 }), {
      seed: 3,
      tenant: 'test',
      startMs: START_MS,
    }).until(START_MS + 5 * MINUTE_MS);
  const countOf = (requests: readonly ExportRequest[], name: string) =>
    spansOf(requests.filter(({ serviceName }) => serviceName === name)).length;
  const where = { serviceName: 'checkout', signal: 'traces' } as const;

  it.each([
    ['records alone', loseRecords(where, 0.1, drawFrom(1)), 0.1],
    ['whole batches', loseBatches(where, 0.1, drawFrom(1)), 0.1],
    [
      'a minute of a hop',
      hopOutage({ ...where, hop: 'collector-0', fromMs: START_MS, untilMs: START_MS + MINUTE_MS }),
      0.2,
    ],
  ])('lose %s of one service, and tell the truth alone', (_name, fault, ratio) => {
    const truth = new Truth();
    const sent = shop();
    const arrived = inject(sent, [fault], truth);
    const lost = 1 - countOf(arrived, 'checkout') / countOf(sent, 'checkout');
    expect(truth.lostShare('checkout', 'traces')).toBeCloseTo(lost, 10);
    expect(lost).toBeGreaterThan(0.7 * ratio);
    expect(lost).toBeLessThan(1.3 * ratio);
    expect(countOf(arrived, 'cart')).toBe(countOf(sent, 'cart'));
    expect(truth.lostShare('cart', 'traces')).toBe(0);
  });

  it.each([
    ['duplicates', duplicate(where, 0.5, drawFrom(1)), 1.5],
    ['spans held open', holdOpen(where, { ratio: 0.5, ms: 60_000 }, drawFrom(1)), 1],
    ['sampling', sampleAlone(where, 0.5), 0.5],
    ['sampling above others', sampleAboveOthers(where, 0.5), 0.5],
    ['sampling against marks', sampleAgainstMarks(where, 0.5, drawFrom(1)), 0.5],
  ])('that are no loss are none to the truth: %s', (_name, fault, ratio) => {
    const truth = new Truth();
    const sent = shop();
    const arrived = inject(sent, [fault], truth);
    expect(truth.lostShare('checkout', 'traces')).toBe(0);
    expect(countOf(arrived, 'checkout') / countOf(sent, 'checkout')).toBeCloseTo(ratio, 1);
  });
});
