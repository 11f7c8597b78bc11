import type { FrozenService } from '../../core/accepted-reference.ts';
import type { ServiceSeries, SystemHistory } from '../../core/system-history.ts';
import { type Cells, loadCells } from './cells.ts';
import { BIN_MINUTES_MIN } from './freeze-metric.ts';
import { type FrozenCells, freezeCells, logsOf, offCells } from './frozen-cells.ts';
import { ownPeriod } from './own-period.ts';

/**
 * The period that a person accepted as normal: minutes [from, until) of the history, before which it may lie in whole or
 * in part. What lies before `untilMinute` is not judged.
 */
export interface AcceptedPeriod {
  readonly fromMinute: number;
  readonly untilMinute: number;
}

/** What a reference keeps of its period, so that it stays in force when the minutes themselves are gone. */
export interface FrozenSystem {
  /** What people accepted; null, or without a service: as the accepted minutes of the history say. */
  readonly numbers: readonly FrozenService[] | null;
  /** What else detectors asked of the accepted minutes, by what they asked; null: as the history says. */
  readonly levels: FrozenLevels | null;
}

/** Names of levels mean the same within an edition: one more for each kind of level that is added or changed. */
export const LEVELS_EDITION = 1;

/** Values are JSON. */
type FrozenLevels = Readonly<Record<string, unknown>>;

/** A system and what was accepted as its normal; what several detectors need of it is computed once. */
export interface SystemView {
  readonly history: SystemHistory;
  readonly accepted: AcceptedPeriod;
  /** When the period that people accepted ended: before `accepted.untilMinute`, where what came next is not judged again. */
  readonly endedMinute: number;
  /** Are the accepted minutes part of the history? */
  readonly holdsAccepted: boolean;
  /** ln(value / reference at equal load) a minute; null where the service or the metric is not there. */
  residuals(service: string, metric: ServiceSeries): Float64Array | null;
  /** The same of logarithms of something that is not a metric of a service; `name` is its own. */
  residualsAtLoad(
    name: string,
    requests: Float64Array,
    logs: Float64Array,
    service?: string,
  ): Float64Array | null;
  /** The same in cells of any kind. */
  residualsIn(
    name: string,
    logs: Float64Array,
    of: { readonly cells: Cells; readonly minutesMin: number; readonly service?: string },
  ): Float64Array | null;
  /**
   * What the accepted minutes say of something: computed from them once, and afterwards as it was kept with the reference.
   * @param name tells it from all others
   * @param freeze gives JSON; no number in it may be NaN or infinite
   * @param service whose own part of the period counts: its last version, where that is another service
   * @returns null: it was not kept, and the minutes are gone: cannot say
   */
  frozen<T>(name: string, freeze: (accepted: AcceptedPeriod) => T, service?: string): T | null;
  /** The part of the accepted period that says what is normal of a service. */
  acceptedOf(service: string): AcceptedPeriod;
  /** All is to be frozen now, also what is not asked for today. */
  readonly isFreezing: boolean;
  /** All that was frozen so far. */
  readonly levels: FrozenLevels;
}

export function viewSystem(
  history: SystemHistory,
  accepted: AcceptedPeriod,
  of: Partial<FrozenSystem> & { readonly isFreezing?: boolean; readonly endedMinute?: number } = {},
): SystemView {
  const known = new Map<string, Float64Array | null>();
  const periods = new Map<string, AcceptedPeriod>();
  const levels: Record<string, unknown> = Object.assign(Object.create(null), of.levels);
  const numbers = of.numbers == null ? null : cellsOfNumbers(of.numbers);
  const holdsAccepted = of.levels == null && accepted.fromMinute >= 0;
  const view: SystemView = {
    history,
    accepted,
    endedMinute: of.endedMinute ?? accepted.untilMinute,
    holdsAccepted,
    isFreezing: of.isFreezing ?? false,
    levels,
    acceptedOf(service) {
      let period = periods.get(service);
      if (period === undefined) {
        const of = history.services.get(service);
        const own = history.changes.filter((change) => change.service === service);
        period = of === undefined || !holdsAccepted ? accepted : ownPeriod(of, own, accepted);
        periods.set(service, period);
      }
      return period;
    },
    frozen<T>(name: string, freeze: (accepted: AcceptedPeriod) => T, service?: string): T | null {
      if (!(name in levels)) {
        if (!holdsAccepted) return null;
        levels[name] = freeze(service === undefined ? accepted : view.acceptedOf(service));
      }
      return levels[name] as T;
    },
    residualsIn(name, logs, { cells, minutesMin, service }) {
      const frozen = view.frozen(
        name,
        (period) => freezeCells(logs, cells, { ...period, minutesMin }),
        service,
      );
      return frozen === null ? null : offCells(logs, cells, frozen);
    },
    residualsAtLoad(name, requests, logs, service) {
      const own = service === undefined ? {} : { service };
      return view.residualsIn(name, logs, {
        cells: loadCells(requests),
        minutesMin: BIN_MINUTES_MIN,
        ...own,
      });
    },
    residuals(service, metric) {
      const key = `${metric} of ${service}`;
      let residuals = known.get(key);
      if (residuals === undefined) {
        residuals = compute(service, metric, key);
        known.set(key, residuals);
      }
      return residuals;
    },
  };
  return view;

  function compute(service: string, metric: ServiceSeries, key: string): Float64Array | null {
    const series = history.services.get(service)?.series;
    const [requests, values] = [series?.requests, series?.[metric]];
    if (requests === undefined || values === undefined) return null;
    const accepted = numbers?.get(key);
    return accepted === undefined
      ? view.residualsAtLoad(key, requests, logsOf(values), service)
      : offCells(logsOf(values), loadCells(requests), accepted);
  }
}

function cellsOfNumbers(numbers: readonly FrozenService[]): ReadonlyMap<string, FrozenCells> {
  return new Map(
    numbers.flatMap(({ service, metrics }) =>
      metrics.map(({ metric, bins }): [string, FrozenCells] => [
        `${metric} of ${service}`,
        bins.map(({ bin, logMedian }) => [bin, logMedian]),
      ]),
    ),
  );
}
