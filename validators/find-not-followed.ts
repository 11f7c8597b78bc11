import type { SamplingTally } from '../core/sampling-tally.ts';
import { serviceKey } from '../core/service-key.ts';
import type { CalleeFold, EdgeFold } from './fold-edges.ts';

/** A caller samples at a threshold when this share of its spans carries it or a higher one. */
const CALLER_RATIO_MIN = 0.9;
/** Windows of marks and of edges differ by up to a minute and a half, so a count is held against half of the other. */
const SLACK = 2;
const CHILDREN_MIN = 30;

/**
 * Callees that keep what a caller of theirs did not: the caller's spans carry `ot=th` of less than 100 %, and too
 * few of the callee's carry one as high, though thresholds only grow from parent to child (quality.md X10). A missing
 * parent may then never have been kept, and the callee's orphans speak about nobody.
 * Told by counts: each child found with its parent is a span of the callee that must carry the parent's threshold, so
 * at least as many do; roots of the callee, other callers and inner spans only add to those. No mark at all is taken
 * as not followed: it cannot be told from a sampler that ignores the caller's.
 * Not seen: a callee of which a part follows and has several spans a request, and callers with many thresholds of
 * which the callee sees the lower ones.
 * @param fold edges of the ten minutes the marks are of
 * @param marks of all services, split in any way
 * @returns `serviceKey`s of callees; of those without orphans none, as nothing is missing there
 */
export function findNotFollowed(fold: EdgeFold, marks: readonly SamplingTally[]): ReadonlySet<string> {
  const byService = Map.groupBy(marks, ({ source }) => serviceKey(source));
  const spansOf = (key: string) => byService.get(key) ?? [];
  const isFollowed = (callee: string, { found }: CalleeFold) =>
    [...found].every(([caller, { count }]) => {
      const threshold = thresholdOf(spansOf(caller));
      if (threshold === null || count < CHILDREN_MIN) return true;
      return SLACK * countReaching(spansOf(callee), threshold) >= CALLER_RATIO_MIN * count;
    });
  return new Set(
    [...fold]
      .filter(([key, callee]) => callee.orphanCount > 0 && !isFollowed(key, callee))
      .map(([key]) => key),
  );
}

/** The highest threshold, padded, that nearly all spans reach; null where these are kept whole or without marks. */
function thresholdOf(marks: readonly SamplingTally[]): string | null {
  const all = marks.reduce((sum, { spans }) => sum + spans, 0);
  const thresholds = [...new Set(marks.map(({ thresholdHex }) => thresholdHex).filter(isMark))];
  const reached = thresholds.filter(
    (threshold) => countReaching(marks, padded(threshold)) >= CALLER_RATIO_MIN * all,
  );
  const highest = reached.map(padded).sort().at(-1);
  return highest === undefined || /^0*$/.test(highest) ? null : highest;
}

function countReaching(marks: readonly SamplingTally[], threshold: string): number {
  return marks
    .filter(({ thresholdHex }) => isMark(thresholdHex) && padded(thresholdHex) >= threshold)
    .reduce((sum, { spans }) => sum + spans, 0);
}

function isMark(thresholdHex: string): boolean {
  return thresholdHex !== '' && thresholdHex !== 'invalid';
}

function padded(thresholdHex: string): string {
  return thresholdHex.padEnd(14, '0');
}
