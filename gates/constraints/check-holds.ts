import { BUILT_IN_HOLDS } from '../finding-holds.ts';
import type { ConstraintFile } from './constraint-set.ts';
import type { Mismatch } from './mismatch.ts';

/** What is written for a kind of finding replaces what is built in for it, so that an empty list lets everything by. */
export function checkHolds({ drift: { hold } }: ConstraintFile): Mismatch[] {
  return hold.flatMap(({ finding }, index): Mismatch[] => {
    const ofKind = hold.filter((row) => row.finding === finding);
    const isNothing = ofKind.every(({ actions, stages }) => actions.length === 0 && stages.length === 0);
    const builtIn = BUILT_IN_HOLDS.find((row) => row.finding === finding);
    if (!isNothing || builtIn === undefined) return [];
    const held = [...builtIn.stages.map((stage) => `every ${stage}`), ...builtIn.actions].join(', ');
    return [
      {
        path: ['drift', 'hold', index, 'actions'],
        message: `a ${finding} would hold nothing; built in it holds ${held}`,
        hint: 'list what it holds, or leave the row out, unless this is meant',
        severity: 'warning',
      },
    ];
  });
}
