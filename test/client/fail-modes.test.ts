import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UNREACHABLE_MODES } from '../../client/client.mjs';
import { unreachableMode } from '../../client/fail-modes.mjs';
import { STAGES } from '../../core/decision.ts';
import { builtInFailMode, FAIL_MODES } from '../../gates/fail-modes.ts';

const STRICTNESS = ['allow', 'allow-capped', 'hold', 'deny'];
/** What the client does, in the words of the gate's table. */
const AS_UNKNOWN: Readonly<Record<string, string>> = {
  open: 'allow',
  budget: 'allow',
  capped: 'allow-capped',
  hold: 'hold',
  closed: 'deny',
};

describe("the client's fail modes", () => {
  it('are the table of the gate, row for row', () => {
    expect(FAIL_MODES.length).toBeGreaterThan(40);
    expect(UNREACHABLE_MODES.map(({ stage, kind, capRatio }) => ({ stage, kind, capRatio }))).toEqual(
      FAIL_MODES.map(({ stage, kind, capRatio }) => ({ stage, kind, capRatio })),
    );
  });

  it('are never laxer than what unknown data means, for any kind and stage', () => {
    const kinds = [...FAIL_MODES.map(({ kind }) => kind.replace('*', 'x')), 'dance', 'Delete', 'scale.UP'];
    const stages = [undefined, ...STAGES];
    const laxer = kinds.flatMap((kind) =>
      stages.filter((stage) => {
        const ofClient = AS_UNKNOWN[unreachableMode({ kind, stage }).unreachable] as string;
        const ofGate = builtInFailMode({ kind: kind.toLowerCase(), stage: stage ?? null }).unknown;
        return STRICTNESS.indexOf(ofClient) < STRICTNESS.indexOf(ofGate);
      }),
    );
    expect(laxer).toEqual([]);
  });

  it.each([
    ['quota.raise', 'capped'],
    ['quota.lower', 'closed'],
    ['rollout.advance', 'hold'],
    ['promote', 'closed'],
    ['rollback', 'open'],
    ['scale.up', 'capped'],
    ['scale.down', 'closed'],
    ['scale.to_zero', 'closed'],
    ['drain', 'closed'],
    ['restore', 'open'],
    ['restart.one', 'budget'],
    ['restart.many', 'closed'],
    ['failover.cross_region', 'closed'],
    ['rightsize.down', 'closed'],
    ['delete', 'closed'],
    ['dance', 'hold'],
  ])('%s without a gate: %s', (kind, mode) => {
    expect(unreachableMode({ kind }).unreachable).toBe(mode);
  });

  it('stand in docs/client.md', () => {
    const text = readFileSync(resolve(import.meta.dirname, '../../docs/client.md'), 'utf8');
    const rows = [...text.matchAll(/^\| (\w+) \| (`.+`) \| (\w+)/gm)].flatMap(
      ([, stage, kinds = '', unreachable]) =>
        [...kinds.matchAll(/`([^`]+)`/g)].map(([, kind]) => ({ stage, kind, unreachable })),
    );
    expect(rows).toEqual(
      UNREACHABLE_MODES.map(({ stage, kind, unreachable }) => ({ stage, kind, unreachable })),
    );
  });
});
