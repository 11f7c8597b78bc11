import { OnsetChannel } from '../../detectors/changepoints/onset-channel.ts';
import { segmentSeries } from '../../detectors/changepoints/segment-series.ts';
import { type SeriesFile, samplesPerDay } from './read-series.ts';

export type Prediction = number[] | Record<string, number[]>;

/** Finished series are segmented; all others are watched as they come, each by itself. */
export function predictSeries(file: SeriesFile): Prediction {
  if (file.kind === 'changepoints') {
    return segmentSeries(file.series.map(({ values }) => values)).map(({ index }) => index);
  }
  const perDay = samplesPerDay(file);
  const alarms = file.series.map(({ label, values }) => [label, onsetsOf(values, perDay)] as const);
  return Object.fromEntries(alarms);
}

function onsetsOf(values: readonly (number | null)[], perDay: number): number[] {
  const channel = new OnsetChannel({ samplesPerDay: perDay });
  return values.flatMap((value) => channel.push(value)?.index ?? []);
}
