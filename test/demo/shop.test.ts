import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_FAULTS } from '../../demo/faults/fault.ts';
import { keeps } from '../../demo/sampling/ot-threshold.ts';
import { type Shop, startShop } from '../../demo/shop/shop.ts';
import { type OtlpSink, type SunkSpan, startOtlpSink } from './otlp-sink.ts';
import { waitUntil } from './wait-until.ts';

const HAS_REMOTE_BIT = 0x100;
const REMOTE_BIT = 0x200;
const SERVICES = ['cart', 'catalog', 'checkout', 'gateway', 'payment'];

let sink: OtlpSink;
let shop: Shop;
const lost: string[] = [];

beforeAll(async () => {
  sink = await startOtlpSink();
  shop = await startShop({
    target: { otlpHttpUrl: sink.httpUrl, otlpGrpcUrl: sink.grpcUrl, key: null },
    apiUrl: null,
    requestsPerSecond: 150,
    samplingProbability: 0.5,
    onMessage: () => undefined,
    onLoss: (name) => lost.push(name),
  });
});

afterAll(async () => {
  await shop.close();
  await sink.close();
});

const of = (service: string, fromMs = 0): SunkSpan[] =>
  sink.spans.filter((span) => span.service === service && span.receivedAtMs >= fromMs);
const violates = (span: SunkSpan): boolean =>
  !keeps(span.traceId, /ot=th:([0-9a-f]+)/.exec(span.traceState)?.[1] ?? '');

describe('the shop', { concurrent: false }, () => {
  it('exports spans and logs of five services over three protocols', async () => {
    await waitUntil('spans of all services', () => SERVICES.every((service) => of(service).length > 30));
    const seen = new Set(sink.requests);
    for (const protocol of ['http/protobuf', 'http/json', 'grpc'])
      expect(seen).toContain(`${protocol} /v1/traces`);
    expect(seen).toContain('http/protobuf /v1/logs');
    expect(sink.logTraceIds.length).toBeGreaterThan(10);
    expect(sink.logTraceIds.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
  });

  it('marks every span as consistently sampled, and rightly so', () => {
    expect(sink.spans.length).toBeGreaterThan(150);
    expect(sink.spans.filter((span) => span.traceState !== 'ot=th:8')).toEqual([]);
    expect(sink.spans.filter(violates)).toEqual([]);
  });

  it('says of every parent whether it is in another process', () => {
    const spanById = new Map(sink.spans.map((span) => [span.spanId, span]));
    const pairs = sink.spans.flatMap((child) => {
      const parent = spanById.get(child.parentSpanId);
      return parent === undefined ? [] : [{ child, parent }];
    });
    expect(pairs.length).toBeGreaterThan(100);
    for (const { child, parent } of pairs) {
      expect(child.traceId).toBe(parent.traceId);
      expect(child.flags & HAS_REMOTE_BIT).toBe(HAS_REMOTE_BIT);
      expect((child.flags & REMOTE_BIT) !== 0).toBe(child.service !== parent.service);
    }
    const edges = new Set(
      pairs
        .filter(({ child, parent }) => child.service !== parent.service)
        .map(({ child, parent }) => `${parent.service} > ${child.service}`),
    );
    expect([...edges].sort()).toEqual([
      'checkout > cart',
      'checkout > payment',
      'gateway > catalog',
      'gateway > checkout',
    ]);
    expect(pairs.filter(({ child }) => child.kind === 2).every(({ parent }) => parent.kind === 3)).toBe(true);
  });

  it('breaks the promise of the mark while incoherent, in checkout and below it', async () => {
    shop.switchFaults({ ...NO_FAULTS, incoherent: true });
    const violating = (): SunkSpan[] => of('checkout').filter((span) => span.kind === 2 && violates(span));
    await waitUntil('a violating span', () => violating().length > 0);
    expect(violating().every((span) => span.traceState === 'ot=th:8')).toBe(true);
    // A coin keeps as many traces below the threshold as above it.
    const fromMs = Date.now() + 500; // what was begun before the switch is under way until then
    await waitUntil('100 more', () => of('checkout', fromMs).filter((span) => span.kind === 2).length >= 100);
    const recent = of('checkout', fromMs).filter((span) => span.kind === 2);
    const share = recent.filter(violates).length / recent.length;
    expect(share).toBeGreaterThan(0.3); // 4 standard deviations of 100 tosses
    expect(share).toBeLessThan(0.7);
    expect(of('gateway').filter(violates)).toEqual([]);
    shop.switchFaults(NO_FAULTS);
  });

  it('gets stuck: slow and failing after the overload, well once it is switched off', async () => {
    const failed = (fromMs: number): SunkSpan[] =>
      of('checkout', fromMs).filter(({ kind, status }) => kind === 2 && status === 2);
    expect(failed(0)).toEqual([]);
    shop.switchFaults({ ...NO_FAULTS, stuck: true });
    await waitUntil('failing orders', () => failed(0).length >= 5);
    shop.switchFaults(NO_FAULTS);
    await waitUntil('the last failure', () => failed(Date.now() - 1_500).length === 0);
    expect(lost).toEqual([]);
  });

  it('exports metrics every five seconds', async () => {
    for (const protocol of ['http/protobuf', 'http/json', 'grpc']) {
      await waitUntil(`metrics by ${protocol}`, () => sink.requests.includes(`${protocol} /v1/metrics`));
    }
    expect(sink.requests.length).toBeGreaterThan(0);
  });
});
