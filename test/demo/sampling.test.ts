import { context, createTraceState, ROOT_CONTEXT, SpanKind, TraceFlags, trace } from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consistentSampler } from '../../demo/sampling/consistent-sampler.ts';
import { keeps, thresholdHex, withThreshold } from '../../demo/sampling/ot-threshold.ts';

describe('thresholdHex', () => {
  it.each([
    ['everything', 1, '0'],
    ['half', 0.5, '8'],
    ['a quarter', 0.25, 'c'],
    ['a tenth, to four digits', 0.1, 'e666'],
    ['nine tenths keep the leading zero off and the digits on', 0.9, '199a'],
    ['nearly everything has a leading zero', 0.97, '07ae'],
  ])('of %s', (_, probability, expected) => {
    expect(thresholdHex(probability)).toBe(expected);
  });

  it('refuses what is no probability', () => {
    expect(() => thresholdHex(0)).toThrow(RangeError);
    expect(() => thresholdHex(Number.NaN)).toThrow(RangeError);
  });
});

describe('keeps', () => {
  it('compares the last 56 bits of the trace id as numbers', () => {
    const id = fc.bigInt({ min: 1n, max: 2n ** 128n - 1n });
    const threshold = fc.bigInt({ min: 0n, max: 2n ** 56n - 1n });
    fc.assert(
      fc.property(id, threshold, (traceId, t) => {
        const th = t.toString(16).padStart(14, '0').replace(/0+$/, '') || '0';
        expect(keeps(traceId.toString(16).padStart(32, '0'), th)).toBe(BigInt.asUintN(56, traceId) >= t);
      }),
      { numRuns: 500 },
    );
  });
});

describe('withThreshold', () => {
  it.each([
    ['sets it beside other members', 'a=1', '8', 'ot=th:8,a=1'],
    ['replaces it and keeps rv', 'ot=th:c;rv:00000000000001', '8', 'ot=th:8;rv:00000000000001'],
    ['takes it out', 'a=1,ot=th:c', null, 'a=1'],
  ])('%s', (_, before, th, after) => {
    expect(withThreshold(createTraceState(before), th).serialize()).toBe(after);
  });
});

describe('consistentSampler', () => {
  const sampler = consistentSampler(0.5);
  const spanContext = (traceFlags: TraceFlags) => ({
    traceId: `${'0'.repeat(18)}00000000000001`,
    spanId: '0000000000000001',
    traceFlags,
    traceState: createTraceState('ot=th:8'),
    isRemote: true,
  });
  const decide = (parent: TraceFlags) =>
    sampler.shouldSample(
      trace.setSpanContext(ROOT_CONTEXT, spanContext(parent)),
      spanContext(parent).traceId,
      'name',
      SpanKind.SERVER,
      {},
      [],
    );

  it('follows a parent that was sampled, and leaves its mark alone', () => {
    expect(decide(TraceFlags.SAMPLED)).toEqual({ decision: 2 });
  });

  it('drops with a parent that was not, and takes the stale mark away', () => {
    const { decision, traceState } = decide(TraceFlags.NONE);
    expect(decision).toBe(0);
    expect(traceState?.serialize()).toBe('');
  });

  it('decides roots by their trace id', () => {
    const root = (traceId: string) =>
      sampler.shouldSample(context.active(), traceId, 'name', SpanKind.SERVER, {}, []).decision;
    expect(root(`${'0'.repeat(18)}80000000000000`)).toBe(2);
    expect(root(`${'f'.repeat(18)}7fffffffffffff`)).toBe(0);
  });
});
