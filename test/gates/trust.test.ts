import { describe, expect, it } from 'vitest';
import { SIGNALS, type Signal } from '../../core/signal.ts';
import { DIMENSIONS, type Dimension } from '../../core/verdict.ts';
import { TrustState, type TrustTarget } from '../../gates/trust.ts';
import { NOW_MS, verdictOf } from './judged-world.ts';

const CHECKOUT: TrustTarget = { serviceName: 'checkout', serviceNamespace: null, tenant: null };

function trustIn(...verdicts: ReturnType<typeof verdictOf>[]): TrustState {
  const trust = new TrustState();
  trust.absorb(verdicts, NOW_MS);
  return trust;
}

function read(trust: TrustState, { atMs = NOW_MS, target = CHECKOUT } = {}) {
  return trust.read({ target, signal: 'traces', dimension: 'completeness' }, atMs);
}

describe('TrustState', () => {
  it('knows nothing before it was told anything', () => {
    expect(read(new TrustState())).toMatchObject({
      state: 'unknown',
      verdict: null,
      reasons: [{ code: 'NO_VERDICT' }],
    });
    expect(new TrustState().signalsOf(CHECKOUT)).toEqual([]);
  });

  it('believes a verdict until it expires, to the millisecond', () => {
    const trust = trustIn(verdictOf({ evaluatedAtMs: NOW_MS, validForMs: 15_000 }));
    expect(read(trust, { atMs: NOW_MS + 15_000 }).state).toBe('pass');
    expect(read(trust, { atMs: NOW_MS + 15_001 })).toMatchObject({
      state: 'unknown',
      reasons: [{ code: 'VERDICT_EXPIRED' }],
    });
  });

  it('gives a clock ahead of ours no extra time', () => {
    const trust = trustIn(verdictOf({ evaluatedAtMs: NOW_MS + 3_600_000, validForMs: 15_000 }));
    expect(read(trust, { atMs: NOW_MS + 15_001 }).state).toBe('unknown');
  });

  it('takes the newest verdict of a source, in whatever order they come', () => {
    const older = verdictOf({ outcome: 'fail', evaluatedAtMs: NOW_MS - 5_000 });
    const newer = verdictOf({ outcome: 'pass', evaluatedAtMs: NOW_MS - 1_000 });
    expect(read(trustIn(older, newer)).state).toBe('pass');
    expect(read(trustIn(newer, older)).state).toBe('pass');
  });

  it('lets the worst of several sources speak', () => {
    const good = verdictOf({ serviceInstanceId: 'pod-1' });
    const vague = verdictOf({ serviceInstanceId: 'pod-2', outcome: 'unknown' });
    const bad = verdictOf({ serviceInstanceId: 'pod-3', outcome: 'fail' });
    expect(read(trustIn(good, vague)).state).toBe('unknown');
    expect(read(trustIn(bad, good, vague)).state).toBe('fail');
  });

  it('lets go of a source nobody judges any more while others are', () => {
    const gone = verdictOf({ serviceInstanceId: 'pod-1', outcome: 'fail', evaluatedAtMs: NOW_MS - 20_000 });
    expect(read(trustIn(gone, verdictOf({ serviceInstanceId: 'pod-2' }))).state).toBe('pass');
    expect(read(trustIn(gone)).state).toBe('unknown');
  });

  it('tells namespaces apart only when asked to', () => {
    const trust = trustIn(
      verdictOf({ serviceNamespace: 'shop' }),
      verdictOf({ serviceNamespace: 'test', outcome: 'fail' }),
    );
    expect(read(trust).state).toBe('fail');
    expect(read(trust, { target: { ...CHECKOUT, serviceNamespace: 'shop' } }).state).toBe('pass');
    expect(read(trust, { target: { ...CHECKOUT, serviceNamespace: 'none' } }).state).toBe('unknown');
    expect(read(trust, { target: { ...CHECKOUT, tenant: 'other' } }).state).toBe('unknown');
  });

  it('says since when an outcome holds', () => {
    const trust = new TrustState();
    for (const [agoMs, outcome] of [
      [9_000, 'pass'],
      [6_000, 'fail'],
      [3_000, 'fail'],
      [1_000, 'fail'],
    ] as const) {
      trust.absorb([verdictOf({ outcome, evaluatedAtMs: NOW_MS - agoMs })], NOW_MS - agoMs);
    }
    expect(read(trust).sinceMs).toBe(NOW_MS - 6_000);
  });

  it('takes what a newer judge writes for nothing that it knows', () => {
    const known = SIGNALS.flatMap((signal) =>
      DIMENSIONS.map((dimension) => verdictOf({ signal, dimension, outcome: 'pass' })),
    );
    const newer = SIGNALS.map((signal) =>
      verdictOf({ signal, dimension: 'beauty' as Dimension, outcome: 'fail' }),
    );
    const alien = DIMENSIONS.map((dimension) =>
      verdictOf({ signal: 'profiles' as Signal, dimension, outcome: 'fail' }),
    );
    const trust = trustIn(...newer, ...alien, ...known);
    const states = known.map(({ source, dimension }) => {
      const { state, verdict } = trust.read({ target: CHECKOUT, signal: source.signal, dimension }, NOW_MS);
      return [source.signal, verdict?.source.signal, dimension === verdict?.dimension, state];
    });
    expect(states).toEqual(known.map(({ source }) => [source.signal, source.signal, true, 'pass']));
    expect(trust.signalsOf(CHECKOUT)).toEqual(['logs', 'metrics', 'traces']);
  });

  it('forgets what expired an hour ago', async () => {
    const trust = trustIn(verdictOf());
    await trust.forget(NOW_MS + 3_500_000);
    expect(trust.signalsOf(CHECKOUT)).toEqual(['traces']);
    await trust.forget(NOW_MS + 3_700_000);
    expect(trust.signalsOf(CHECKOUT)).toEqual([]);
    expect(read(trust).reasons[0]?.code).toBe('NO_VERDICT');
  });
});
