import type { Dimension, Verdict } from '../core/verdict.ts';

/** What a failed verdict of a dimension means to somebody who is not at home in telemetry. */
export interface DimensionText {
  /** After the source's name: `26 % of the spans lost`. */
  readonly what: (amount: string, items: string) => string;
  /** Label of the series. */
  readonly series: string;
  readonly limit: (amount: string, items: string) => string;
  readonly options: readonly string[];
}

const ASK_THE_SENDER = 'Look at the errors and the queue of the exporter and of every Collector on the way.';

const DIMENSION_TEXT: Readonly<Record<Dimension, DimensionText>> = {
  completeness: {
    what: (amount, items) => `${amount} of the ${items} lost`,
    series: 'lost share',
    limit: (amount, items) => `at most ${amount} of the ${items} lost`,
    options: [
      ASK_THE_SENDER,
      'Do nothing: gates that need these data keep holding, and every rate and error count from them is too low.',
    ],
  },
  timeliness: {
    what: (amount, items) => `${items} are ${amount} behind`,
    series: 'seconds behind',
    limit: (amount, items) => `${items} at most ${amount} behind`,
    options: [
      'See whether the service runs and reaches us; after that the clock of its host.',
      ASK_THE_SENDER,
      'Do nothing: gates that need these data keep holding, and dashboards show the past as the present.',
    ],
  },
  sampling: {
    what: (amount, items) => `${amount} of the ${items} contradict their own sampling marks`,
    series: 'contradicting share',
    limit: (amount, items) => `at most ${amount} of the ${items} contradict their sampling marks`,
    options: [
      'Compare the samplers of this service and of the Collectors behind it: two that decide about one trace must use one threshold.',
      'Do nothing: gates that need these data keep holding, and counts that are scaled up by these marks are wrong.',
    ],
  },
  structure: {
    what: (amount, items) => `${amount} of the ${items} have a broken structure`,
    series: 'broken share',
    limit: (amount, items) => `at most ${amount} of the ${items} broken`,
    options: ['See what changed in the instrumentation of this service.', ASK_THE_SENDER],
  },
  provenance: {
    what: (amount, items) => `${amount} of the ${items} are of unknown origin`,
    series: 'unknown share',
    limit: (amount, items) => `at most ${amount} of the ${items} of unknown origin`,
    options: ['See who sends under this name, and with which key.'],
  },
};

const SEE_THE_CLOCK = 'See whether the clock of its host is kept in step (NTP, a VM that was resumed).';

/** Verdicts of timeliness that another part than age and lateness decided. */
const TIME_PART_TEXT: Readonly<Record<string, DimensionText>> = {
  'late-share': {
    what: (amount, items) => `${amount} of the ${items} come more than a minute late`,
    series: 'late share',
    limit: (amount, items) => `at most ${amount} of the ${items} more than a minute late`,
    options: DIMENSION_TEXT.timeliness.options,
  },
  'clock-skew': {
    what: (amount) => `its clock is off by ${amount}`,
    series: 'seconds off',
    limit: (amount) => `a clock at most ${amount} off`,
    options: [
      SEE_THE_CLOCK,
      'Do nothing: gates that need these data keep holding, and what happened first cannot be told.',
    ],
  },
  'future-stamps': {
    what: (amount, items) => `${amount} of the ${items} are stamped in the future`,
    series: 'share of the future',
    limit: (amount, items) => `at most ${amount} of the ${items} stamped in the future`,
    options: [
      SEE_THE_CLOCK,
      'Do nothing: gates that need these data keep holding, and dashboards show what has not happened.',
    ],
  },
};

const WRONG_COUNTS: DimensionText = {
  what: (amount, items) => `counts of the ${items} by their sampling weights are off by ${amount}`,
  series: 'counts off by',
  limit: (amount) => `counts at most ${amount} off`,
  options: [
    'Compare the samplers of this service and of every Collector on the way: whoever drops spans must raise th.',
    'Do nothing: gates that need these counts keep holding, and every rate that is scaled up by the weights is wrong.',
  ],
};

/** What a failed verdict is about, by the part of it that decided. */
export function dimensionText(dimension: Dimension, { evidence }: Pick<Verdict, 'evidence'>): DimensionText {
  const decidedBy = String(evidence['decidedBy']);
  if (dimension === 'sampling' && decidedBy === 'counts') return WRONG_COUNTS;
  const part = dimension === 'timeliness' ? TIME_PART_TEXT[decidedBy] : undefined;
  return part ?? DIMENSION_TEXT[dimension];
}
