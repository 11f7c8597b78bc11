import type { Log } from '../core/log.ts';
import type { ConstraintSet } from './constraints/constraint-set.ts';
import { overdueReviews } from './effective-constraints.ts';

const LOOK_MS = 60_000;

/** Says once a day which sets are overdue for review: limits nobody looks at any more stay in force all the same. */
export function watchReviews(of: {
  readonly sets: () => readonly ConstraintSet[];
  readonly now: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
}): void {
  const { sets, now, log, signal } = of;
  let said = '';
  const look = () => {
    const overdue = overdueReviews(sets(), now());
    const news = `${Math.floor(now() / 86_400_000)} ${overdue.map(({ set, since }) => `${set}@${since}`).join(' ')}`;
    if (news === said) return;
    said = news;
    for (const { set, since, owner } of overdue) {
      log.warn(
        { set, since, owner },
        `The review of constraint set ${set} was due on ${since.slice(0, 10)}: ask ${owner} whether it still holds, then move reviewBy.`,
      );
    }
  };
  const timer = setInterval(look, LOOK_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  look();
}
