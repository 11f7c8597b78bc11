import type { RecordedChange, ServiceHistory } from '../../core/system-history.ts';
import { medianInPlace } from '../statistics/median-of.ts';
import { loadCells } from './cells.ts';
import { BIN_MINUTES_MIN } from './freeze-metric.ts';
import { eachCell, freezeCells, logsOf, offCells } from './frozen-cells.ts';
import type { AcceptedPeriod } from './system-view.ts';
import { COVERAGE_MIN } from './window-mean.ts';

/** Of a version that answered for less than a day, nobody knows how it does at the loads of a day. */
const OWN_MINUTES_MIN = 1_440;
/** Versions that differ by less do the same: routine releases move a service by half a per cent. */
const DIFFERENCE_MIN = Math.log(1.05);
const METRICS = ['p50Ms', 'meanMs'] as const;

/**
 * The part of an accepted period that says what is normal of a service: what came after its last release, or its last change that
 * people announced, where that differs from what was before at equal load and knows at least half of the loads. Else all of it.
 */
export function ownPeriod(
  { series }: ServiceHistory,
  changes: readonly Pick<RecordedChange, 'minute' | 'expects'>[],
  period: AcceptedPeriod,
): AcceptedPeriod {
  const { untilMinute } = period;
  const { requests } = series;
  const metric = METRICS.find((one) => series[one] !== undefined);
  const values = metric === undefined ? undefined : series[metric];
  const announced = changes
    .filter(({ minute, expects }) => expects !== null && minute < untilMinute)
    .map(({ minute }) => minute);
  const fromMinute = Math.max(period.fromMinute, lastRelease(series.version, period), ...announced);
  if (requests === undefined || values === undefined || fromMinute === period.fromMinute) return period;
  if (untilMinute - fromMinute < OWN_MINUTES_MIN) return period;
  const cells = loadCells(requests);
  const logs = logsOf(values);
  const own = { fromMinute, untilMinute };
  const of = { minutesMin: BIN_MINUTES_MIN };
  const shift = offCells(logs, cells, freezeCells(logs, cells, { ...period, untilMinute: fromMinute, ...of }))
    .subarray(fromMinute, untilMinute)
    .filter((residual) => !Number.isNaN(residual));
  if (!(Math.abs(medianInPlace(shift)) > DIFFERENCE_MIN)) return period;
  const loads = new Set<number>();
  eachCell(logs, cells, { ...own, ...of }, (bin) => loads.add(bin));
  let [known, all] = [0, 0];
  eachCell(logs, cells, { ...period, minutesMin: 1 }, (bin, minutes) => {
    all += minutes.length;
    if (loads.has(bin)) known += minutes.length;
  });
  return known >= COVERAGE_MIN * all ? own : period;
}

/** First minute from which on the last version of the period alone answered; the first of the period where there was one. */
function lastRelease(
  versions: Float64Array | undefined,
  { fromMinute, untilMinute }: AcceptedPeriod,
): number {
  let last = Number.NaN;
  for (let minute = Math.min(untilMinute, versions?.length ?? 0) - 1; minute >= fromMinute; minute--) {
    const version = versions?.[minute] as number;
    if (Number.isNaN(version) || version === last) continue;
    if (!Number.isNaN(last)) return minute + 1;
    last = version;
  }
  return fromMinute;
}
