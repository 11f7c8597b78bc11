import type { Addressed, Oncall, ToldSubject } from '../../core/oncall.ts';
import type { ConstraintSet } from './constraint-set.ts';

/** More than two interruptions in a shift and none of them is looked at properly. */
const PAGES_PER_SHIFT_MAX = 2;
const PAGES_PER_WEEK_MAX = 10;
/** 09:00 UTC. */
const DIGEST_MINUTE = 540;

/** Whose report it is; null where no constraint file speaks of its services, so that nobody is known to be on call. */
export function oncallOf(sets: readonly ConstraintSet[], { services, names }: ToldSubject): Addressed | null {
  const mine = services.flatMap((service) => sets.filter(({ scope }) => scope.service === service));
  const set = mine.find(({ notify }) => notify !== undefined) ?? mine[0];
  if (set === undefined) return null;
  return { ...rulesOf(sets, nameOf(set)), isPaged: isPaged(set, names) };
}

export function digestMinuteOf(sets: readonly ConstraintSet[], oncall: string): number {
  return rulesOf(sets, oncall).digestMinute;
}

function nameOf({ metadata: { oncall, owner } }: ConstraintSet): string {
  return oncall ?? owner;
}

/** Of several files that name a person the strictest holds: whoever is on call has one night, not one for each file. */
function rulesOf(sets: readonly ConstraintSet[], oncall: string): Oncall {
  const written = sets.flatMap((set) => (nameOf(set) === oncall ? (set.notify ?? []) : []));
  const least = (values: readonly (number | undefined)[], otherwise: number) => {
    const known = values.filter((value) => value !== undefined);
    return known.length === 0 ? otherwise : Math.min(...known);
  };
  return {
    oncall,
    pagesPerShiftMax: least(
      written.map(({ maxPagesPerShift }) => maxPagesPerShift),
      PAGES_PER_SHIFT_MAX,
    ),
    pagesPerWeekMax: least(
      written.map(({ maxPagesPerWeek }) => maxPagesPerWeek),
      PAGES_PER_WEEK_MAX,
    ),
    digestMinute: least(
      written.map(({ digest }) => digest),
      DIGEST_MINUTE,
    ),
  };
}

/** What `page` names, or all that `ticket` does not where there is no `page`. */
function isPaged({ notify }: ConstraintSet, names: ToldSubject['names']): boolean {
  const isIn = (channel: 'page' | 'ticket') =>
    (notify?.[channel] ?? []).some(({ of, name }) =>
      names.some((one) => one.of === of && (name === '*' || name === one.name)),
    );
  return notify?.page === undefined ? !isIn('ticket') : isIn('page');
}
