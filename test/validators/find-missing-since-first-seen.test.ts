import { describe, expect, it } from 'vitest';
import type { EdgeTally } from '../../core/edge-tally.ts';
import { serviceKey } from '../../core/service-key.ts';
import { findMissingSinceFirstSeen } from '../../validators/find-missing-since-first-seen.ts';
import { foldEdges } from '../../validators/fold-edges.ts';

const service = (serviceName: string) => ({ tenant: 't', serviceNamespace: '', serviceName });
const CALLER = service('caller');
const START_MS = 1_800_000_000_000;

/** Ten calls a second of which `missingOf` are without their parent. */
function edges(seconds: number, missingOf: (second: number) => number): EdgeTally[] {
  return Array.from({ length: seconds }, (_, second) => {
    const bucketMs = START_MS + 1_000 * second;
    const base = { windowMs: bucketMs, callee: service('callee'), bucketMs, exampleTraceIds: [] };
    const missing = missingOf(second);
    return [
      { ...base, caller: CALLER, children: 10 - missing, callerBatches: [`${second}`] },
      { ...base, caller: null, children: missing, callerBatches: [] },
    ].filter(({ children }) => children > 0);
  }).flat();
}

const find = (seconds: number, missingOf: (second: number) => number) => {
  const untilMs = START_MS + 1_000 * seconds;
  const fold = foldEdges(edges(seconds, missingOf), { startMs: untilMs - 600_000, endMs: untilMs });
  return findMissingSinceFirstSeen(fold, untilMs);
};

describe('callers missing since they were first seen', () => {
  it('are new, and their first calls lack parents as the later ones do', () => {
    expect([...find(60, () => 4)]).toEqual([[serviceKey(CALLER), START_MS]]);
  });

  it('are not those whose spans all came at first: a loss has begun', () => {
    expect(find(60, (second) => (second < 15 ? 0 : 4)).size).toBe(0);
  });

  it('are not those that were seen for four minutes', () => {
    expect(find(239, () => 4).size).toBe(1);
    expect(find(240, () => 4).size).toBe(0);
  });

  it('are not those that miss nothing', () => {
    expect(find(60, () => 0).size).toBe(0);
  });

  it('are found in any order of the tallies', () => {
    const untilMs = START_MS + 60_000;
    const fold = foldEdges(edges(60, (second) => second % 5).reverse(), {
      startMs: START_MS,
      endMs: untilMs,
    });
    expect(findMissingSinceFirstSeen(fold, untilMs)).toEqual(find(60, (second) => second % 5));
  });
});
