import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SourceExpectation } from '../../core/expectation.ts';
import { randomFrom } from '../../core/random-from.ts';
import type { Verdict } from '../../core/verdict.ts';
import { type JudgeMemory, judge, newJudgeMemory } from '../../jobs/judge.ts';
import { settleEdges } from '../../jobs/settle-edges.ts';
import { readVerdicts } from '../../store/verdicts.ts';
import { writeRows } from '../../store/write-rows.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { LOCAL, type SpanRow, spanRow, traceIdOf } from '../store/span-row.ts';

const T0 = Math.floor(Date.now() / 60_000) * 60_000 - 1_200_000;
/** Export every half second: enough batches in ten minutes to pass at 1 %, and short to insert. */
const BATCH_MS = 500;
const CALLS_PER_SECOND = 6;

let engine: TestEngine;
let memory: JudgeMemory;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true });
  memory = newJudgeMemory();
});
afterAll(() => engine.close());

/** Ten minutes of gateway -> checkout -> payment; checkout loses what `isLost` says of its batches. */
function shop(fromMs: number, untilMs: number, isLost: (batch: number) => boolean): SpanRow[] {
  const spans: SpanRow[] = [];
  for (let atMs = fromMs; atMs < untilMs; atMs += 1_000 / CALLS_PER_SECOND) {
    const startMs = T0 + Math.floor(atMs);
    const n = Math.round(atMs * 10);
    const batch = Math.floor((startMs - T0) / BATCH_MS);
    const receivedMs = T0 + (batch + 1) * BATCH_MS + 100;
    const at = { traceId: traceIdOf(n), startMs, durationMs: 20, receivedMs, traceState: 'ot=th:0' };
    spans.push({ ...at, service: 'gateway', kind: 'Client', flags: LOCAL, spanId: `g${n}` });
    if (!isLost(batch)) {
      spans.push({ ...at, service: 'checkout', spanId: `s${n}`, parentSpanId: `g${n}` });
      spans.push({
        ...at,
        service: 'checkout',
        kind: 'Client',
        flags: LOCAL,
        spanId: `k${n}`,
        parentSpanId: `s${n}`,
      });
    }
    spans.push({ ...at, service: 'payment', spanId: `y${n}`, parentSpanId: `k${n}` });
  }
  return spans;
}

const insert = (spans: readonly SpanRow[]) => writeRows(engine.client, 'otel_traces', spans.map(spanRow));
const run = (atMs: number, expectations: readonly SourceExpectation[] = [], with_ = memory) =>
  judge({ client: engine.client, expectations: () => expectations, memory: with_ }, T0 + atMs);
const find = (verdicts: readonly Verdict[], serviceName: string, dimension: string, signal = 'traces') =>
  verdicts.find(
    (one) =>
      one.source.serviceName === serviceName && one.dimension === dimension && one.source.signal === signal,
  );
const countRows = async () => {
  const rows = await engine.client.query({
    query: 'SELECT count() AS n FROM verdicts',
    format: 'JSONEachRow',
  });
  return Number((await rows.json<{ n: string }>())[0]?.n);
};

describe('judge', () => {
  it('has nothing to say about nothing', async () => {
    expect(await run(0)).toEqual([]);
  });

  it('passes a healthy shop in every dimension, and says what cannot be known', async () => {
    await insert(shop(0, 600_000, () => false));
    await writeRows(engine.client, 'otel_logs', [
      {
        ServiceName: 'payment',
        ServiceNamespace: 'shop',
        Tenant: 'default',
        Timestamp: new Date(T0 + 599_000).toISOString().slice(0, -1),
        ReceivedAt: new Date(T0 + 599_500).toISOString().slice(0, -1),
      },
    ]);
    await settleEdges({ client: engine.client }, T0 + 601_000);
    const verdicts = await run(601_000);
    for (const service of ['gateway', 'checkout']) {
      expect(find(verdicts, service, 'completeness')?.outcome).toBe('pass');
      expect(find(verdicts, service, 'timeliness')?.outcome).toBe('pass');
      expect(find(verdicts, service, 'sampling')?.outcome).toBe('pass');
    }
    expect(find(verdicts, 'payment', 'completeness')?.reasons[0]?.code).toBe('NO_REMOTE_CHILDREN');
    expect(find(verdicts, 'payment', 'completeness', 'logs')?.reasons[0]?.code).toBe('NO_ESTIMATOR');
    expect(find(verdicts, 'payment', 'sampling', 'logs')).toBeUndefined();
    expect(verdicts.every((one) => one.source.serviceInstanceId === '')).toBe(true);
    const stored = await readVerdicts(engine.client, { nowMs: T0 + 601_000 });
    expect(stored).toHaveLength(verdicts.length);
    expect(find(stored, 'checkout', 'completeness')).toEqual(find(verdicts, 'checkout', 'completeness'));
  });

  it('writes again only what changed or is due for renewal', async () => {
    const before = await countRows();
    await run(601_200);
    expect(await countRows()).toBe(before);
    const verdicts = await run(606_001);
    expect(await countRows()).toBe(before + verdicts.length);
  });

  it('comes to the same without its memory, which is at most a period old', async () => {
    const gist = (verdicts: readonly Verdict[]) =>
      verdicts.map(({ source, dimension, outcome }) => ({ source, dimension, outcome }));
    const [warm, cold] = [await run(606_500), await run(606_500, [], newJudgeMemory())];
    expect(gist(cold)).toEqual(gist(warm));
    expect(await run(606_500, [], newJudgeMemory())).toEqual(cold);
  });

  it('fails the service that loses its exports, and nobody else', async () => {
    const random = randomFrom(11);
    const lost = new Map<number, boolean>();
    const isLost = (batch: number) => {
      if (!lost.has(batch)) lost.set(batch, random() < 0.3);
      return lost.get(batch) as boolean;
    };
    await insert(shop(600_000, 660_000, isLost));
    await settleEdges({ client: engine.client }, T0 + 660_000);
    const verdicts = await run(660_000);
    const checkout = find(verdicts, 'checkout', 'completeness');
    expect(checkout).toMatchObject({ outcome: 'fail', reasons: [{ code: 'LOSS_ABOVE_LIMIT' }] });
    expect(checkout?.lower).toBeLessThan(0.3);
    expect(checkout?.upper).toBeGreaterThan(0.3);
    expect(find(verdicts, 'gateway', 'completeness')?.outcome).toBe('pass');
  });

  it('judges by what people wrote, the strictest where several speak', async () => {
    const expectation = (constraint: string, fail: number): SourceExpectation => ({
      constraint,
      serviceName: 'checkout',
      signal: 'traces',
      limits: { completeness: { warn: fail, fail } },
      latenessQuantile: 0.99,
      counter: null,
    });
    const lenient = await run(660_000, [expectation('a/x', 0.9)]);
    expect(find(lenient, 'checkout', 'completeness')?.outcome).toBe('pass');
    const strict = await run(660_000, [expectation('a/x', 0.9), expectation('b/x', 0.05)]);
    expect(find(strict, 'checkout', 'completeness')).toMatchObject({
      outcome: 'fail',
      limits: { fail: 0.05 },
    });
  });

  it('says nothing with a number about completeness once the caller samples against its marks', async () => {
    const marked = shop(660_000, 680_000, () => false).map((span) =>
      span.service === 'checkout'
        ? { ...span, traceState: 'ot=th:c', traceId: traceIdOf(1, '00000000000000') }
        : span,
    );
    await insert(marked);
    const verdicts = await run(681_000);
    expect(find(verdicts, 'checkout', 'sampling')?.outcome).toBe('fail');
    expect(find(verdicts, 'checkout', 'completeness')).toMatchObject({
      outcome: 'unknown',
      reasons: [{ code: 'SAMPLING_INCONSISTENT' }],
    });
  });

  it('fails a silent source by its age, and lets go of it after ten minutes', async () => {
    const silent = await run(760_000);
    expect(find(silent, 'gateway', 'timeliness')).toMatchObject({
      outcome: 'fail',
      reasons: [{ code: 'SILENT' }],
    });
    expect(await run(1_290_000)).toEqual([]);
  });
});
