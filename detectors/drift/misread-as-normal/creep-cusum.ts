/** State of a one-sided CUSUM of daily residuals against the frozen reference. */
export interface Creep {
  /** First day (index) of the climb that reached the limit. */
  readonly onsetDay: number;
  /** Day whose end gave the alarm. */
  readonly alarmDay: number;
  /** Day whose end brought it back inside the band; null: still open. */
  readonly closedDay: number | null;
}

export interface CreepLimit {
  readonly k: number;
  /** For a climb of `quickDays` at most: what scatters does not climb that fast. */
  readonly hQuick: number;
  readonly quickDays: number;
  /** For a longer climb. */
  readonly h: number;
}

/**
 * S = max(0, S + residual - k), alarm at S > h: small shifts that last add up, while days that scatter cancel out.
 * A day that is not known (NaN) leaves S as it is. Closes on a day at or below k: the band is one day wide.
 * @param days daily mean residuals, on the worse side positive
 * @see Page 1954, doi:10.1093/biomet/41.1-2.100
 */
export function creepsIn(days: Float64Array, limit: CreepLimit): Creep[] {
  const creeps: Creep[] = [];
  let open: { onsetDay: number; alarmDay: number } | null = null;
  let sum = 0;
  let climbFrom = 0;
  for (const [day, residual] of days.entries()) {
    if (Number.isNaN(residual)) continue;
    if (open !== null) {
      if (residual > limit.k) continue;
      creeps.push({ ...open, closedDay: day });
      open = null;
      sum = 0;
      continue;
    }
    if (sum === 0) climbFrom = day;
    sum = Math.max(0, sum + residual - limit.k);
    const isQuick = day - climbFrom < limit.quickDays;
    if (sum > (isQuick ? limit.hQuick : limit.h)) open = { onsetDay: climbFrom, alarmDay: day };
  }
  if (open !== null) creeps.push({ ...open, closedDay: null });
  return creeps;
}
