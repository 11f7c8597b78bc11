import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IntentTarget, StabilisedBadRule } from '../../core/expectation.ts';
import type { Finding } from '../../core/finding.ts';
import { type DetectMemory, detect, newDetectMemory } from '../../jobs/detect.ts';
import { insertFindingActs } from '../../store/finding-acts.ts';
import { readFinding, readFindings } from '../../store/findings.ts';
import { writeRows } from '../../store/write-rows.ts';
import { makeAct } from '../core/make-act.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { type SpanRow, spanRow, traceIdOf } from '../store/span-row.ts';

const T0 = Math.floor(Date.now() / 60_000) * 60_000 - 1_200_000;

const okRatio: IntentTarget = {
  constraint: 'checkout/ok-ratio',
  serviceName: 'checkout',
  metric: 'ok_ratio',
  comparator: '>=',
  target: 0.99,
  why: 'orders',
};
const p95: IntentTarget = {
  ...okRatio,
  constraint: 'checkout/p95',
  metric: 'p95_ms',
  comparator: '<=',
  target: 250,
};
const rule: StabilisedBadRule = { outsideIntentForMs: 60_000, changeRatioPerHour: 0.2 };

let engine: TestEngine;
let memory: DetectMemory = newDetectMemory();
let unsampled = new Set<string>();
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: ['tally_service'] });
});
afterAll(() => engine.close());

interface Traffic {
  readonly errorEvery: number;
  readonly durationMs: number;
  readonly traceState?: string;
  readonly service?: string;
}

/** Twelve spans a second for ten seconds from `atMs`, by a sampler that keeps half; every `errorEvery`-th fails. */
function requests(atMs: number, of: Traffic): SpanRow[] {
  return Array.from({ length: 120 }, (_, i) => ({
    service: of.service ?? 'checkout',
    traceId: traceIdOf(atMs + i, `f${(atMs + i).toString(16).padStart(13, '0')}`),
    spanId: `${atMs + i}`,
    startMs: T0 + atMs + i * 80,
    durationMs: of.durationMs,
    receivedMs: T0 + atMs + 9_900,
    status: i % of.errorEvery === 0 ? 'Error' : 'Ok',
    traceState: of.traceState ?? 'ot=th:8',
  }));
}

async function insert(fromMs: number, untilMs: number, of: Traffic): Promise<void> {
  const steps = Array.from({ length: (untilMs - fromMs) / 10_000 }, (_, i) =>
    requests(fromMs + i * 10_000, of),
  );
  await writeRows(engine.client, 'otel_traces', steps.flat().map(spanRow));
}

const run = (atMs: number, intents: readonly IntentTarget[] = [okRatio, p95]) =>
  detect(
    {
      client: engine.client,
      intents: () => intents,
      rule: () => rule,
      unsampledNames: () => unsampled,
      memory,
    },
    T0 + atMs,
  );
const states = async () => (await readFindings(engine.client)).map(({ id, state }) => ({ id, state }));

describe('detect', () => {
  it('finds nothing in a service within its intent', async () => {
    await insert(0, 200_000, { errorEvery: 1_000, durationMs: 50 });
    expect(await run(210_000)).toEqual([]);
  });

  it('finds a service that settles outside it, one finding for each intent', async () => {
    await insert(200_000, 260_000, { errorEvery: 10, durationMs: 400 });
    const found = await run(270_000);
    expect(found.map(({ state, subject, effect }) => [state, subject, effect.metric])).toEqual([
      ['confirmed', 'checkout', 'ok_ratio'],
      ['confirmed', 'checkout', 'p95_ms'],
    ]);
    expect(found[0]?.reasons[0]?.text).toContain('over about 1440 requests, seen through 720 spans');
    expect(found[0]?.onsetAtMs).toBe(T0 + 200_000);
    expect(found[1]?.effect.ratio).toBeGreaterThan(6);
    expect(await states()).toHaveLength(2);
  });

  it('writes again only what changed', async () => {
    const updates = async () => {
      const rows = await engine.client.query({
        query: 'SELECT max(UpdatedAt) AS t FROM findings',
        format: 'JSONEachRow',
      });
      return (await rows.json<{ t: string }>())[0]?.t;
    };
    const before = await updates();
    await insert(260_000, 280_000, { errorEvery: 10, durationMs: 400 });
    expect(await run(290_000)).toHaveLength(2);
    expect(await updates()).toBe(before);
  });

  it('goes on with the same findings after a restart', async () => {
    const before = await states();
    memory = newDetectMemory();
    await insert(280_000, 300_000, { errorEvery: 10, durationMs: 400 });
    const found = await run(310_000);
    expect(found.map(({ id }) => id).sort()).toEqual(before.map(({ id }) => id).sort());
    expect(await states()).toEqual(before);
  });

  it('cannot say what goes on with an intent that people took back, and does not close it', async () => {
    const found = await run(311_000, [okRatio]);
    expect(found.find(({ effect }) => effect.metric === 'p95_ms')).toMatchObject({
      state: 'cannot-say',
      reasons: [{ code: 'INTENT_WITHDRAWN' }],
    });
    expect((await run(312_000)).map(({ state }) => state)).toEqual(['confirmed', 'confirmed']);
  });

  it('cannot say while nothing arrives', async () => {
    const found = await run(400_000);
    expect(found.map(({ state, reasons }) => [state, reasons[0]?.code])).toEqual([
      ['cannot-say', 'NO_DATA'],
      ['cannot-say', 'NO_DATA'],
    ]);
  });

  it('closes once the intent is met again for as long, once', async () => {
    await insert(390_000, 460_000, { errorEvery: 1_000, durationMs: 50 });
    const closed = await run(470_000);
    expect(closed.map(({ state, closedAtMs }) => [state, closedAtMs])).toEqual([
      ['closed', T0 + 470_000],
      ['closed', T0 + 470_000],
    ]);
    expect(await run(471_000)).toEqual([]);
    expect((await states()).map(({ state }) => state)).toEqual(['closed', 'closed']);
  });

  it('confirms nothing by spans without weight, until people declare that nothing samples them', async () => {
    const intent = { ...okRatio, serviceName: 'cart', constraint: 'cart/ok-ratio' };
    const cart = { service: 'cart', traceState: '', durationMs: 50 };
    await insert(300_000, 400_000, { ...cart, errorEvery: 1_000 });
    await insert(400_000, 460_000, { ...cart, errorEvery: 10 });
    const [found] = await run(470_000, [intent]);
    expect(found).toMatchObject({ state: 'suspect', confidence: 0, evidence: { unknownWeightRatio: 1 } });
    expect(found?.reasons.map(({ code }) => code)).toContain('WEIGHTS_UNKNOWN');
    unsampled = new Set(['cart']);
    const [declared] = await run(471_000, [intent]);
    expect(declared).toMatchObject({
      id: found?.id,
      state: 'confirmed',
      evidence: { unknownWeightRatio: 0 },
    });
    expect(declared?.confidence).toBe(0.999);
  });

  it('says nothing of what a person closed while it goes on, and finds it anew once it has doubled', async () => {
    const intent = { ...okRatio, serviceName: 'stock', constraint: 'stock/ok-ratio' };
    const stock = { service: 'stock', durationMs: 50 };
    const look = async (atMs: number) =>
      (await run(atMs, [intent])).filter(({ subject }) => subject === 'stock');
    await insert(0, 100_000, { ...stock, errorEvery: 1_000 });
    await insert(100_000, 200_000, { ...stock, errorEvery: 10 });
    const [found] = (await look(210_000)) as [Finding];
    expect(found.state).toBe('confirmed');
    const close = makeAct(found, { act: 'close', atMs: T0 + 211_000, reason: 'as meant' });
    await insertFindingActs(engine.client, [close]);

    // The act alone suffices, whatever the row of the finding says.
    memory = newDetectMemory();
    expect(await look(212_000)).toEqual([]);
    expect(await readFinding(engine.client, found.id)).toMatchObject({
      state: 'closed',
      reasons: [{ code: 'CLOSED_BY_PERSON', text: 'Ada closed it: as meant' }],
    });
    await insert(200_000, 300_000, { ...stock, errorEvery: 10 });
    expect(await look(310_000)).toEqual([]);

    await insert(300_000, 400_000, { ...stock, errorEvery: 3 });
    const [worse] = (await look(410_000)) as [Finding];
    expect(worse).toMatchObject({
      ...{ id: `${found.id}~2`, state: 'confirmed', onsetAtMs: found.onsetAtMs },
      evidence: { reopens: found.id },
    });
    expect(worse.reasons.map(({ code }) => code)).toContain('WORSE_THAN_CLOSED');
    expect((await look(411_000)).map(({ id }) => id)).toEqual([worse.id]);

    await insertFindingActs(engine.client, [makeAct(worse, { act: 'close', atMs: T0 + 412_000 })]);
    expect(await look(413_000)).toEqual([]);
    await insert(400_000, 500_000, { ...stock, errorEvery: 1_000 });
    expect(await look(510_000)).toEqual([]);
    expect((await readFinding(engine.client, worse.id))?.evidence).toHaveProperty('recoveredAt');

    // It recovered, and comes back no worse than before: another finding.
    await insert(500_000, 600_000, { ...stock, errorEvery: 3 });
    const [recurred] = await look(610_000);
    expect(recurred).toMatchObject({ state: 'suspect', onsetAtMs: T0 + 500_000 });
    expect(recurred?.id).not.toContain('~');
  });
});
