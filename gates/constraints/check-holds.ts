import { matchGlob } from '../../core/glob.ts';
import { FAIL_MODES } from '../fail-modes.ts';
import { BUILT_IN_HOLDS } from '../finding-holds.ts';
import type { ConstraintFile } from './constraint-set.ts';
import type { Mismatch } from './mismatch.ts';

/** Kinds that go the safe direction: more capacity, the known-good version, traffic given back. */
const SAFE_KINDS = FAIL_MODES.filter(({ unknown }) => unknown.startsWith('allow')).map(({ kind }) => kind);

/**
 * What is written for a kind of finding replaces what is built in for it, and holds as it is written: an empty list
 * lets everything by, a wide one keeps the system from being repaired.
 */
export function checkHolds({ drift: { hold } }: ConstraintFile): Mismatch[] {
  return hold.flatMap(({ finding, actions }, index): Mismatch[] => {
    const at = ['drift', 'hold', index, 'actions'];
    const ofKind = hold.filter((row) => row.finding === finding);
    const isNothing = ofKind.every((row) => row.actions.length === 0 && row.stages.length === 0);
    const builtIn = BUILT_IN_HOLDS.find((row) => row.finding === finding);
    if (isNothing && builtIn !== undefined) {
      const held = [...builtIn.stages.map((stage) => `every ${stage}`), ...builtIn.actions].join(', ');
      return [
        {
          path: at,
          message: `a ${finding} would hold nothing; built in it holds ${held}`,
          hint: 'list what it holds, or leave the row out, unless this is meant',
          severity: 'warning',
        },
      ];
    }
    return actions.flatMap((glob, position): Mismatch[] => {
      const safe = SAFE_KINDS.filter((kind) => glob.includes('*') && matchGlob(glob, kind));
      if (safe.length === 0) return [];
      return [
        {
          path: [...at, position],
          message: `${glob} would hold ${safe.join(', ')} too, which go the safe direction`,
          hint: 'list the kinds that feed it: scale.down, …; built-in rows never hold the safe direction',
          severity: 'warning',
        },
      ];
    });
  });
}
