/** Times of the week at which something may be done, as the clocks on the wall of a time zone show them. */
export interface WeeklyWindow {
  readonly text: string;
  /** 0 is Sunday. */
  readonly days: readonly number[];
  readonly fromMinute: number;
  /** Exclusive; at or before `fromMinute`, it is of the next day. */
  readonly untilMinute: number;
  readonly timeZone: string;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const DAY_MINUTES = 1_440;
const MINUTE_MS = 60_000;
const HALF_DAY_MS = 43_200_000;

function daysOf(text: string): number[] | null {
  const days = text.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map((day) => DAYS.indexOf(day));
    if (first === undefined || last === undefined || first < 0 || last < 0) return [-1];
    const length = ((last - first + 7) % 7) + 1;
    return Array.from({ length }, (_, index) => (first + index) % 7);
  });
  return days.includes(-1) ? null : [...new Set(days)];
}

function minuteOf(text: string): number | null {
  const match = /^(\d{2}):(\d{2})$/.exec(text);
  const minute = match === null ? Number.NaN : 60 * Number(match[1]) + Number(match[2]);
  return Number(match?.[2]) < 60 && minute <= DAY_MINUTES ? minute : null;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known !== undefined) return known;
  const options = {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  } as const;
  const clock = new Intl.DateTimeFormat('en-US', options);
  clocks.set(timeZone, clock);
  return clock;
}

/** `Mon-Thu 09:00-16:00 Europe/Berlin`, days also as `Mon,Wed`; null when it is none, or no such zone is known. */
export function parseWeeklyWindow(text: string): WeeklyWindow | null {
  const match = /^(\S+) (\S+)-(\S+) (\S+)$/.exec(text.trim());
  if (match === null) return null;
  const [, dayText, fromText, untilText, timeZone] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
  ];
  const days = daysOf(dayText);
  const fromMinute = minuteOf(fromText);
  const untilMinute = minuteOf(untilText);
  if (days === null || fromMinute === null || untilMinute === null || fromMinute === untilMinute) return null;
  try {
    clockOf(timeZone);
  } catch {
    return null;
  }
  return { text: text.trim(), days, fromMinute, untilMinute, timeZone };
}

interface WallTime {
  readonly day: number;
  readonly minute: number;
}

/** By zone, of the minute that was asked for last: questions of one minute share it. */
const lastTimes = new Map<string, { readonly ofMinute: number; readonly time: WallTime }>();

function wallTime(timeZone: string, timeMs: number): WallTime {
  const ofMinute = Math.floor(timeMs / MINUTE_MS);
  const last = lastTimes.get(timeZone);
  if (last?.ofMinute === ofMinute) return last.time;
  const time = readWallTime(timeZone, timeMs);
  lastTimes.set(timeZone, { ofMinute, time });
  return time;
}

function readWallTime(timeZone: string, timeMs: number): WallTime {
  // `Tue 13:05`: parsing the text costs a third of formatToParts.
  const text = clockOf(timeZone).format(timeMs);
  const [weekday = '', hours = '', minutes = ''] = text.split(/[ :,]+/);
  return { day: DAYS.indexOf(weekday), minute: 60 * Number(hours) + Number(minutes) };
}

export function isWithin({ days, fromMinute, untilMinute, timeZone }: WeeklyWindow, timeMs: number): boolean {
  const { day, minute } = wallTime(timeZone, timeMs);
  if (untilMinute > fromMinute) return days.includes(day) && minute >= fromMinute && minute < untilMinute;
  const isTail = minute < untilMinute && days.includes((day + 6) % 7);
  return isTail || (minute >= fromMinute && days.includes(day));
}

/** When it opens next, to the minute; `timeMs` itself while it is open. */
export function nextOpeningMs(window: WeeklyWindow, timeMs: number): number {
  if (isWithin(window, timeMs)) return timeMs;
  const { day, minute } = wallTime(window.timeZone, timeMs);
  const startMs = Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
  const waits = window.days.map((opening) => {
    const minutes = ((opening - day + 7) % 7) * DAY_MINUTES + window.fromMinute - minute;
    return minutes > 0 ? minutes : minutes + 7 * DAY_MINUTES;
  });
  const guessMs = startMs + Math.min(...waits) * MINUTE_MS;
  // Where clocks change in between, the wall shows something else then: go by what it is off.
  let offMinutes = window.fromMinute - wallTime(window.timeZone, guessMs).minute;
  if (Math.abs(offMinutes) * MINUTE_MS > HALF_DAY_MS) offMinutes -= Math.sign(offMinutes) * DAY_MINUTES;
  return guessMs + offMinutes * MINUTE_MS;
}
