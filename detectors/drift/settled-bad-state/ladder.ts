/**
 * The stronger, the sooner: a state is bad when five of six blocks in a row are beyond the limit. The last rung is the
 * slow rule of drift.md 3.2 (5 of 6 hours), the first its fast one (45 of 60 minutes; here in blocks of ten).
 */
export interface Rung {
  readonly blockMinutes: number;
  /** In units of the signal: a logarithm of a ratio, or a share of requests. */
  readonly limit: number;
}
const BLOCKS = 6;
const BLOCKS_BAD = 5;
const STEP = 10;
const DAY = 1_440;
/** Closed when, over a day, no more than this share of its hours is beyond the lowest limit. */
const CLOSED_SHARE_MAX = 0.1;
/** Below this share of known minutes a block says nothing. */
const KNOWN_MIN = 0.5;

export interface Stretch {
  readonly onsetMinute: number;
  readonly detectedMinute: number;
  readonly closedMinute: number | null;
  readonly rung: Rung;
}

/** Mean of [from, until) and how many minutes of it are known; worse is more. */
export interface Signal {
  mean(from: number, until: number): number;
  count(from: number, until: number): number;
  /** Is what lies in [from, until) more than chance of small numbers? Left out: it always is. */
  isMaterial?(from: number, until: number): boolean;
}

/**
 * Stretches of a bad state, each minute of them told by what came before it only.
 * @param rungs in order of block length; the last has the lowest limit
 * @param over minutes to look at
 */
export function badStretches(
  signal: Signal,
  rungs: readonly Rung[],
  over: { readonly fromMinute: number; readonly untilMinute: number },
): Stretch[] {
  const lowest = rungs.at(-1) as Rung;
  const stretches: Stretch[] = [];
  let open: Omit<Stretch, 'closedMinute'> | null = null;
  const first = Math.ceil(over.fromMinute / STEP) * STEP;
  for (let minute = first + STEP; minute <= over.untilMinute; minute += STEP) {
    if (open === null) {
      for (const rung of rungs) {
        const onsetMinute = badSince(signal, rung, minute, first);
        if (onsetMinute === null || signal.isMaterial?.(onsetMinute, minute) === false) continue;
        open = { onsetMinute, detectedMinute: minute, rung };
        break;
      }
    } else if (minute - open.detectedMinute >= DAY && isBack(signal, lowest.limit, minute)) {
      stretches.push({ ...open, closedMinute: minute });
      open = null;
    }
  }
  if (open !== null) stretches.push({ ...open, closedMinute: null });
  return stretches;
}

/** Start of the first bad block of the six before `minute`; null: they are not a bad state. */
function badSince(
  signal: Signal,
  { blockMinutes, limit }: Rung,
  minute: number,
  first: number,
): number | null {
  if (minute - BLOCKS * blockMinutes < first) return null;
  // The state must be there now: a last block that is good may be the end of it.
  if (!(signal.mean(minute - blockMinutes, minute) > limit)) return null;
  let bad = 0;
  let onset: number | null = null;
  for (let block = BLOCKS; block >= 1; block--) {
    const from = minute - block * blockMinutes;
    const isKnown = signal.count(from, from + blockMinutes) >= KNOWN_MIN * blockMinutes;
    const isBad = isKnown && signal.mean(from, from + blockMinutes) > limit;
    if (isBad) {
      bad++;
      onset ??= from;
    } else if (BLOCKS - BLOCKS_BAD < BLOCKS - block + 1 - bad) return null;
  }
  return onset;
}

/** Was the signal inside the band for the day before `minute`? What is not known is no recovery. */
function isBack(signal: Signal, limit: number, minute: number): boolean {
  let known = 0;
  let beyond = 0;
  for (let from = minute - DAY; from < minute; from += 60) {
    if (signal.count(from, from + 60) < KNOWN_MIN * 60) continue;
    known++;
    if (signal.mean(from, from + 60) > limit) beyond++;
  }
  return known >= (KNOWN_MIN * DAY) / 60 && beyond <= CLOSED_SHARE_MAX * known;
}
