import { describe, expect, it } from 'vitest';
import { STAGES } from '../../core/decision.ts';
import { matchGlob } from '../../core/glob.ts';
import { builtInFailMode, FAIL_MODES, stageOf } from '../../gates/fail-modes.ts';

describe('fail modes', () => {
  it.each([
    ['scale.up', 'scaling'],
    ['rollout.start', 'deployment'],
    ['promote', 'deployment'],
    ['rollback', 'deployment'],
    ['shift.to_new', 'routing'],
    ['drain', 'routing'],
    ['weight.up', 'routing'],
    ['restart.one', 'recovery'],
    ['failover.cross_region', 'recovery'],
    ['rightsize.down', 'optimisation'],
    ['consolidate.nodes', 'optimisation'],
    ['delete', 'decommissioning'],
    ['wipe', 'decommissioning'],
    ['revoke.key', 'decommissioning'],
    ['retention.cut', 'decommissioning'],
    ['capacity.add', 'provisioning'],
    ['quota.lower', 'provisioning'],
    ['dance', null],
  ])('%s belongs to %s', (kind, stage) => {
    expect(stageOf(kind)).toBe(stage);
  });

  it('cover every stage, each with a reason', () => {
    expect([...new Set(FAIL_MODES.map(({ stage }) => stage))].sort()).toEqual([...STAGES].sort());
    expect(FAIL_MODES.filter(({ why }) => why === '')).toEqual([]);
  });

  it('have no row that an earlier one hides', () => {
    const hidden = FAIL_MODES.filter((row, index) =>
      FAIL_MODES.slice(0, index).some((earlier) => matchGlob(earlier.kind, row.kind)),
    );
    expect(hidden).toEqual([]);
  });

  it('hold what nobody described, and cap what grows', () => {
    expect(builtInFailMode({ kind: 'dance', stage: null }).unknown).toBe('hold');
    const capless = FAIL_MODES.filter(
      ({ unknown, capRatio }) => (unknown === 'allow-capped') !== (capRatio !== null),
    );
    expect(capless).toEqual([]);
  });

  it('a named stage makes stricter, never laxer', () => {
    expect(builtInFailMode({ kind: 'scale.up', stage: 'optimisation' }).unknown).toBe('hold');
    expect(builtInFailMode({ kind: 'scale.up', stage: 'decommissioning' }).unknown).toBe('deny');
    expect(builtInFailMode({ kind: 'delete', stage: 'optimisation' }).unknown).toBe('deny');
    expect(builtInFailMode({ kind: 'delete', stage: 'scaling' }).unknown).toBe('deny');
  });
});
