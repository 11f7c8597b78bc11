import { describe, expect, it } from 'vitest';
import type { RecordedAction, RecordedDecision } from '../../../core/system-history.ts';
import { coverageTable, type SilentStep } from '../../../detectors/drift/ungated-action/coverage-table.ts';
import { stageOf } from '../../../gates/fail-modes.ts';

const act = (of: Partial<RecordedAction> = {}): RecordedAction => ({
  minute: 100,
  actor: 'hpa',
  service: 'cart',
  kind: 'scale.up',
  to: null,
  decisionId: null,
  ...of,
});
const decide = (of: Partial<RecordedDecision> = {}): RecordedDecision => ({
  minute: 98,
  id: 'd1',
  actor: 'hpa',
  service: 'cart',
  kind: 'scale.up',
  outcome: 'allow',
  ...of,
});
const step = (of: Partial<SilentStep> = {}): SilentStep => ({
  service: 'cart',
  actor: 'unknown',
  kind: 'scale.down',
  heldUntilMinute: 199,
  minute: 200,
  ...of,
});

function table(seen: {
  actions?: readonly RecordedAction[];
  decisions?: readonly RecordedDecision[];
  steps?: readonly SilentStep[];
}) {
  return coverageTable(
    { actions: [], decisions: [], steps: [], changes: [], ...seen },
    { stageOf, isStanding: (actor, kind) => actor === 'standing' && kind === 'scale.up' },
  );
}
const states = (seen: Parameters<typeof table>[0]) =>
  Object.fromEntries(table(seen).stages.map(({ stage, state }) => [stage, state]));

describe('coverage', () => {
  it('says of a stage without any action that none was seen', () => {
    const { stages, rows } = table({});
    expect(stages).toHaveLength(7);
    expect(new Set(stages.map(({ state }) => state))).toEqual(new Set(['none-seen']));
    expect(rows).toEqual([]);
  });

  it('says of each stage whether who acts asked', () => {
    const seen = {
      actions: [
        act({ decisionId: 'd1' }),
        act({ actor: 'argo-rollouts', kind: 'rollout.start' }),
        act({ actor: 'healer', kind: 'restart.one', decisionId: 'd2' }),
        act({ actor: 'healer', kind: 'restart.many' }),
        act({ actor: 'nobody-knows', kind: 'dance' }),
      ],
      decisions: [decide(), decide({ id: 'd2', kind: 'restart.one' })],
    };
    expect(states(seen)).toMatchObject({
      scaling: 'gated',
      deployment: 'open',
      recovery: 'partly',
      optimisation: 'none-seen',
    });
    expect(states({ actions: [act({ actor: 'standing' })] })['scaling']).toBe('standing');
    expect(states({ actions: [act({ actor: 'standing', kind: 'scale.down' })] })['scaling']).toBe('open');
    const { rows } = table(seen);
    expect(
      rows.map(({ actor, stage, actions, covered, open }) => [actor, stage, actions, covered, open]),
    ).toEqual([
      ['argo-rollouts', 'deployment', 1, 0, { 'not-asked': 1 }],
      ['hpa', 'scaling', 1, 1, {}],
      ['healer', 'recovery', 2, 1, { 'not-asked': 1 }],
      ['nobody-knows', null, 1, 0, { 'not-asked': 1 }],
    ]);
  });

  it('tells why a decision does not cover an action', () => {
    const { rows } = table({
      actions: [
        act({ decisionId: 'd1' }),
        act({ decisionId: 'gone' }),
        act({ decisionId: 'd2' }),
        act({ decisionId: 'd3' }),
        act({ isPerson: true, actor: 'anna' }),
      ],
      decisions: [
        decide({ outcome: 'hold' }),
        decide({ id: 'd2', minute: -2_000 }),
        decide({ id: 'd3', service: 'db' }),
      ],
    });
    expect(rows[0]?.open).toEqual({ refused: 2, 'decision-missing': 1, 'decision-expired': 1 });
    expect(rows[1]).toMatchObject({ actor: 'anna', isPerson: true });
  });

  it('counts a size that moved without a record, but not twice', () => {
    expect(table({ steps: [step()] }).rows[0]).toMatchObject({ actor: 'unknown', open: { silent: 1 } });
    // Somebody says who did it: whether he asked is asked of his action.
    const told = table({ steps: [step()], actions: [act({ minute: 197 })] });
    expect(told.rows.map(({ actor, actions }) => [actor, actions])).toEqual([['hpa', 1]]);
    expect(
      states({ steps: [step()], decisions: [decide({ minute: 190, kind: 'scale.down' })] })['scaling'],
    ).toBe('gated');
    expect(states({ steps: [step()], decisions: [decide({ minute: 150 })] })['scaling']).toBe('open');
  });
});
