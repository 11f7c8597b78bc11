import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SIGNALS } from '../../core/signal.ts';
import { DIMENSIONS, type Verdict } from '../../core/verdict.ts';
import { TrustState } from '../../gates/trust.ts';
import { verdictKey } from '../../store/verdict-rows.ts';
import { insertVerdicts } from '../../store/verdicts.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { verdictOf } from './judged-world.ts';

const NOW_MS = Date.now();

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true });
});
afterAll(() => engine.close());

/** Such that parts joined without care are the same; of lengths that take one, two and three bytes to say. */
const text = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'ab', 'ba', 'a\u001fb', '\u0000', '\u0001a', 'é', '日本', "'; --", '\\'),
  fc.string({ unit: 'binary', maxLength: 12 }).map((value) => value.toWellFormed()),
  fc.constantFrom(127, 128, 16_383, 16_384).map((length) => 'x'.repeat(length)),
);
const number = fc.oneof(
  fc.double().map((x) => x + 0), // JSON knows no -0
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
);
const nullable = fc.option(number);
const time = fc.integer({ min: 0, max: 8_000 }).map((agoMs) => NOW_MS - agoMs);
const emitters = fc.uniqueArray(
  fc.record({ tenant: text, serviceNamespace: text, serviceName: text, serviceInstanceId: text }),
  { minLength: 2, maxLength: 5, selector: (of) => JSON.stringify({ ...of, serviceInstanceId: null }) },
);
const renewal = fc.record({
  emitter: fc.nat(),
  signal: fc.constantFrom(...SIGNALS),
  dimension: fc.constantFrom(...DIMENSIONS),
  outcome: fc.constantFrom('pass', 'fail', 'unknown'),
  ...{ estimate: nullable, lower: nullable, upper: nullable, confidence: number },
  unit: fc.constantFrom('ratio', 's'),
  n: fc.maxSafeNat(),
  limits: fc.record({ warn: number, fail: number }),
  window: fc.record({ startMs: time, endMs: time }),
  evaluatedAtMs: time,
  validUntilMs: time.map((ms) => ms + 15_000),
  reasons: fc.array(fc.record({ code: text, text }), { maxLength: 3 }),
  estimators: fc.constant([{ id: 'a', estimate: 1, lower: null, upper: 2, n: 3, kind: 'graph' }]),
  evidence: fc.dictionary(fc.string({ unit: 'grapheme' }), fc.oneof(text, fc.boolean()), {
    maxKeys: 2,
    noNullPrototype: true,
  }),
});
const renewals = fc.uniqueArray(renewal, { maxLength: 20, selector: ({ evaluatedAtMs }) => evaluatedAtMs });

/** Of a table and of memory NaN and null are the same: unknown. */
const stored = (value: number | null) => (Number.isNaN(value) ? null : value);

function knownOf(trust: TrustState, { source, dimension }: Verdict): unknown {
  const { tenant, serviceNamespace, serviceName, signal } = source;
  const target = { tenant, serviceNamespace, serviceName };
  const { verdict, validUntilMs } = trust.read({ target, signal, dimension }, NOW_MS);
  if (verdict === null) return null;
  const { reasons, estimators, evidence } = verdict;
  return { verdict: { ...verdict, reasons, estimators, evidence }, validUntilMs };
}

describe('TrustState, renewed from the store', () => {
  it('knows the newest verdict of each source as it was written, whatever it is called', async () => {
    let seen = 0;
    const whole = fc.asyncProperty(
      emitters,
      fc.array(renewals, { minLength: 1, maxLength: 3 }),
      async (sources, batches) => {
        await engine.client.command({ query: 'TRUNCATE TABLE verdicts' });
        const trust = new TrustState();
        const newest = new Map<string, Verdict>();
        for (const batch of batches) {
          const verdicts = batch.map(({ emitter, signal, ...of }) => {
            const source = { ...(sources[emitter % sources.length] as (typeof sources)[0]), signal };
            return { ...of, source } as Verdict;
          });
          await insertVerdicts(engine.client, verdicts);
          await trust.refresh(engine.client, NOW_MS);
          for (const verdict of verdicts) {
            const key = verdictKey(verdict);
            const known = newest.get(key)?.evaluatedAtMs ?? 0;
            if (verdict.evaluatedAtMs > known) newest.set(key, verdict);
          }
          for (const verdict of newest.values()) {
            const { estimate, lower, upper, validUntilMs } = verdict;
            const numbers = { estimate: stored(estimate), lower: stored(lower), upper: stored(upper) };
            expect(knownOf(trust, verdict)).toEqual({ verdict: { ...verdict, ...numbers }, validUntilMs });
            seen++;
          }
        }
      },
    );
    await fc.assert(whole, { numRuns: 20 });
    expect(seen).toBeGreaterThan(50);
  });

  it('takes nobody for another whose names are the same once they are joined', async () => {
    await engine.client.command({ query: 'TRUNCATE TABLE verdicts' });
    const of = { evaluatedAtMs: NOW_MS, validForMs: 15_000 };
    const [fail, pass] = ['fail', 'pass'] as const;
    const names = ['ab', 'a', 'a\u0001b', 'a\u001fb', 'a,b'];
    const verdicts = names.flatMap((serviceName, i) => [
      verdictOf({ ...of, serviceName, serviceNamespace: 'c', outcome: i % 2 === 0 ? fail : pass }),
      verdictOf({ ...of, serviceName: `c${serviceName}`, outcome: i % 2 === 0 ? pass : fail }),
    ]);
    const split = verdictOf({ ...of, serviceName: 'a', serviceNamespace: 'c', serviceInstanceId: 'b' });
    await insertVerdicts(engine.client, [...verdicts, split]);
    const trust = new TrustState();
    await trust.refresh(engine.client, NOW_MS);
    const states = verdicts.map(({ source: { serviceName, serviceNamespace, tenant }, ...question }) => {
      const target = { serviceName, serviceNamespace, tenant };
      return trust.read({ target, signal: 'traces', dimension: question.dimension }, NOW_MS).state;
    });
    expect(states).toEqual(verdicts.map(({ outcome }) => outcome));
  });

  it('is the same whether it reads renewals one by one or, after an outage, many at once', async () => {
    await engine.client.command({ query: 'TRUNCATE TABLE verdicts' });
    const source = { tenant: '', serviceNamespace: '', serviceInstanceId: '', signal: 'traces' } as const;
    const base: Omit<Verdict, 'evaluatedAtMs'> = {
      source: { ...source, serviceName: 'pay' },
      ...{ dimension: 'completeness', outcome: 'pass', estimate: 0, lower: 0, upper: 0, confidence: 0.95 },
      ...{ unit: 'ratio', n: 1, limits: { warn: 0.1, fail: 0.1 } },
      window: { startMs: NOW_MS, endMs: NOW_MS },
      validUntilMs: NOW_MS + 15_000,
      ...{ reasons: [], estimators: [], evidence: {} },
    };
    const [live, late] = [new TrustState(), new TrustState()];
    for (let i = 0; i < 70; i++) {
      const verdicts = ['pay', 'checkout'].map((serviceName) => ({
        ...base,
        source: { ...source, serviceName },
        n: i,
        evaluatedAtMs: NOW_MS - 70_000 + 1_000 * i,
      }));
      await insertVerdicts(engine.client, verdicts);
      if (i % 10 === 9) await live.refresh(engine.client, NOW_MS - 69_000 + 1_000 * i);
    }
    await live.refresh(engine.client, NOW_MS);
    await late.refresh(engine.client, NOW_MS);
    const newest = { ...base, n: 69, evaluatedAtMs: NOW_MS - 1_000 } as Verdict;
    for (const trust of [live, late]) {
      expect(knownOf(trust, newest)).toEqual({ verdict: newest, validUntilMs: NOW_MS + 15_000 });
    }
  });
});
