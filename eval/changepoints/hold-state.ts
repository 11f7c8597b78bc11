import { ContractChannel } from '../../detectors/changepoints/contract-channel.ts';
import { contractReference } from '../../detectors/changepoints/contract-reference.ts';
import { OnsetChannel } from '../../detectors/changepoints/onset-channel.ts';
import { INJECTIONS, type Injection, injectChange } from './inject-change.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The reference is all before the change; 24 hours are watched after it. */
const REFERENCE_MS = 25 * HOUR_MS;
const LAST_MS = 4 * HOUR_MS;
const PROMPT_MS = 12 * HOUR_MS;

export interface StudySeries {
  readonly values: readonly (number | null)[];
  readonly stepMs: number;
}

/** Flagged samples of one series, counted from the change; `length` samples were watched. */
interface Watch {
  readonly flagged: readonly number[];
  readonly length: number;
  readonly stepMs: number;
}

export interface HoldingRow {
  readonly injection: Injection;
  readonly channel: 'contract' | 'onset';
  readonly series: number;
  readonly noticedRatio: number;
  readonly noticedIn12hRatio: number;
  /** Flagged in at least half of the last four hours (contract), or at all in them (onset). */
  readonly stillFlaggedRatio: number;
  readonly delayHoursMedian: number | null;
  /** Series flagged per day watched: the false alarms, where nothing was changed. */
  readonly flaggedPerDay: number;
}

export interface HoldingStudy {
  readonly rows: readonly HoldingRow[];
  /** Series of which no reference can be made: too short, or no spread. */
  readonly cannotSay: number;
}

/** Known changes in series without faults: who notices, and who still says so a day later? */
export function holdState(all: readonly StudySeries[]): HoldingStudy {
  const usable = all.filter((series) => watchContract(series, 'no change') !== null);
  const rows = INJECTIONS.flatMap((injection) => {
    const contract = usable.flatMap((series) => watchContract(series, injection) ?? []);
    const onset = usable.map((series) => watchOnset(series, injection));
    return [
      rowOf({ injection, channel: 'contract' }, contract),
      rowOf({ injection, channel: 'onset' }, onset),
    ];
  });
  return { rows, cannotSay: all.length - usable.length };
}

function watchContract(series: StudySeries, injection: Injection): Watch | null {
  const { stepMs } = series;
  const from = Math.round(REFERENCE_MS / stepMs);
  const samples = injectChange(series.values, { injection, from }).map((value, i) => ({
    atMs: i * stepMs,
    value,
  }));
  const reference = contractReference(samples.slice(0, from), { stepMs });
  if (reference === null || samples.length <= from) return null;
  const channel = new ContractChannel(reference);
  const states = samples.map((sample) => channel.push(sample).state);
  return watchOf(
    states.slice(from).map((state) => state === 'deviates'),
    stepMs,
  );
}

function watchOnset(series: StudySeries, injection: Injection): Watch {
  const { stepMs } = series;
  const from = Math.round(REFERENCE_MS / stepMs);
  const channel = new OnsetChannel({ samplesPerDay: Math.round(DAY_MS / stepMs) });
  const onsets = injectChange(series.values, { injection, from }).map((value) => channel.push(value));
  return watchOf(
    onsets.slice(from).map((onset) => onset !== null),
    stepMs,
  );
}

function watchOf(flags: readonly boolean[], stepMs: number): Watch {
  return { flagged: flags.flatMap((flag, i) => (flag ? [i] : [])), length: flags.length, stepMs };
}

function rowOf(
  of: { readonly injection: Injection; readonly channel: 'contract' | 'onset' },
  watches: readonly Watch[],
): HoldingRow {
  const noticed = watches.filter(({ flagged }) => flagged.length > 0);
  const delays = noticed.map(({ flagged, stepMs }) => (flagged[0] as number) * stepMs).sort((a, b) => a - b);
  const still = watches.filter((watch) => isStillFlagged(watch, of.channel));
  const days = watches.reduce((sum, { length, stepMs }) => sum + (length * stepMs) / DAY_MS, 0);
  const share = (count: number) => (watches.length === 0 ? 0 : count / watches.length);
  const middle = delays[delays.length >> 1];
  return {
    ...of,
    series: watches.length,
    noticedRatio: share(noticed.length),
    noticedIn12hRatio: share(delays.filter((delay) => delay <= PROMPT_MS).length),
    stillFlaggedRatio: share(still.length),
    delayHoursMedian: middle === undefined ? null : middle / HOUR_MS,
    flaggedPerDay: days === 0 ? 0 : noticed.length / days,
  };
}

function isStillFlagged({ flagged, length, stepMs }: Watch, channel: 'contract' | 'onset'): boolean {
  const last = Math.round(LAST_MS / stepMs);
  const count = flagged.filter((i) => i >= length - last).length;
  return channel === 'contract' ? count >= last / 2 : count > 0;
}
