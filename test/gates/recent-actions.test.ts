import { describe, expect, it } from 'vitest';
import { RecentDecisions, type TakenDecision } from '../../gates/recent-actions.ts';
import { askOf, NOW_MS } from './judged-world.ts';

const START_MS = NOW_MS - 3_600_000;

function allowed(service: string, index: number): TakenDecision {
  const request = askOf({ target: { service } });
  return { decisionId: `${service}-${index}`, decidedAtMs: START_MS + index, decision: 'allow', request };
}

/** Of each service so many, a millisecond apart. */
function recentOf(counts: Readonly<Record<string, number>>): RecentDecisions {
  const recent = new RecentDecisions();
  recent.markRead({ sinceMs: 0, nowMs: NOW_MS });
  for (const [service, count] of Object.entries(counts))
    for (let index = 0; index < count; index++) recent.take(allowed(service, index));
  recent.forget(NOW_MS);
  return recent;
}

const knowsSince = (recent: RecentDecisions, service: string, sinceMs: number) =>
  recent.knows({ service, sinceMs, nowMs: NOW_MS });

describe('what was allowed lately', () => {
  it('is bounded by service: of what fell out nothing is claimed', () => {
    const recent = recentOf({ cart: 5_003 });
    expect(recent.on('cart')).toHaveLength(5_000);
    expect(recent.on('cart')[0]?.decisionId).toBe('cart-3');
    expect(knowsSince(recent, 'cart', START_MS + 2)).toBe(false);
    expect(knowsSince(recent, 'cart', START_MS + 3)).toBe(true);
    expect(knowsSince(recent, 'mail', 0)).toBe(true);
  });

  it('stays unknown where it fell out, also when something older comes late', () => {
    const recent = recentOf({ cart: 5_003 });
    recent.absorb([{ ...allowed('cart', 0), decisionId: 'late', decidedAtMs: START_MS - 60_000 }]);
    expect(recent.on('cart')).toHaveLength(5_000);
    expect(knowsSince(recent, 'cart', START_MS - 1)).toBe(false);
    expect(knowsSince(recent, 'cart', START_MS + 3)).toBe(true);
  });

  it('is bounded in all: the busiest services lose their older half, the others nothing', () => {
    const busy = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`busy-${i}`, 4_200]));
    const recent = recentOf({ quiet: 3, ...busy });
    const left = Object.keys(busy).map((service) => recent.on(service).length);
    expect(left.reduce((sum, count) => sum + count, 3)).toBeLessThanOrEqual(50_000);
    expect(left.sort()).toEqual([2_100, ...Array.from({ length: 11 }, () => 4_200)]);
    expect(recent.on('busy-0')[0]?.decisionId).toBe('busy-0-2100');
    expect(knowsSince(recent, 'busy-0', START_MS + 2_099)).toBe(false);
    expect(knowsSince(recent, 'busy-0', START_MS + 2_100)).toBe(true);
    expect(recent.on('quiet')).toHaveLength(3);
    expect(knowsSince(recent, 'quiet', 0)).toBe(true);
  });

  it('has the same names for the same kind, however it was asked', () => {
    const recent = recentOf({ cart: 2 });
    const [first, second] = recent.on('cart');
    expect(first?.names).toEqual(['scale.down', 'scaling.scale.down']);
    expect(second?.names).toBe(first?.names);
  });
});
