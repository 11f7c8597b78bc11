import type { FrozenService } from '../../core/accepted-reference.ts';
import type { Finding } from '../../core/finding.ts';
import { COVERAGE_MIN } from './window-mean.ts';

const DAY_MS = 86_400_000;
/** Fewer days do not show how a service does at its loads; two weeks are better. */
const DAYS_MIN = 4;
/** 1970 began on a Thursday: the days from there to the first Saturday. */
const FIRST_SATURDAY = 2;

/** What speaks against accepting a period as normal; people may accept it all the same. */
export interface ReferenceWarning {
  readonly code:
    | 'SHORT_PERIOD'
    | 'NO_WEEKEND'
    | 'OPEN_FINDING'
    | 'FAILING_DATA'
    | 'LOW_COVERAGE'
    | 'NOTHING_KNOWN'
    | 'SEVERAL_VERSIONS';
  /** null: all. */
  readonly service: string | null;
  readonly text: string;
}

export interface ProposedPeriod {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly serviceNames: readonly string[];
  readonly numbers: readonly FrozenService[];
  /** Versions of each service that answered within the period. */
  readonly versionCounts: ReadonlyMap<string, number>;
  readonly findings: readonly Finding[];
  readonly failedData: readonly {
    readonly serviceName: string;
    readonly signal: string;
    readonly dimension: string;
  }[];
}

export function warnOfReference(period: ProposedPeriod): ReferenceWarning[] {
  return [...ofTime(period), ...period.serviceNames.flatMap((name) => ofService(name, period))];
}

function ofTime({ fromMs, untilMs }: ProposedPeriod): ReferenceWarning[] {
  const days = (untilMs - fromMs) / DAY_MS;
  const warnings: ReferenceWarning[] = [];
  if (days < DAYS_MIN) {
    const text = `The period is ${days.toFixed(1)} days long: below ${DAYS_MIN} it does not show how services do at their loads; two full weeks are better.`;
    warnings.push({ code: 'SHORT_PERIOD', service: null, text });
  }
  const sinceSaturday = (Math.ceil(fromMs / DAY_MS) - FIRST_SATURDAY) % 7;
  const saturdayMs = (Math.ceil(fromMs / DAY_MS) + ((7 - sinceSaturday) % 7)) * DAY_MS;
  if (saturdayMs + 2 * DAY_MS > untilMs) {
    const text =
      'The period holds no whole weekend (UTC): what weekends are like would then be unknown, or look like drift.';
    warnings.push({ code: 'NO_WEEKEND', service: null, text });
  }
  return warnings;
}

function ofService(service: string, period: ProposedPeriod): ReferenceWarning[] {
  const metrics = period.numbers.find((frozen) => frozen.service === service)?.metrics ?? [];
  const warnings: ReferenceWarning[] = [];
  const warn = (code: ReferenceWarning['code'], text: string) => warnings.push({ code, service, text });
  if (metrics.length === 0) {
    warn(
      'NOTHING_KNOWN',
      `Nothing of ${service} is known for an hour at any load: it is not in the reference.`,
    );
  }
  const low = metrics.filter(({ coverageRatio }) => coverageRatio < COVERAGE_MIN);
  if (low.length > 0) {
    const names = low.map(({ metric, coverageRatio }) => `${metric} ${Math.round(100 * coverageRatio)} %`);
    warn(
      'LOW_COVERAGE',
      `Less than half of the period is known of ${names.join(', ')} of ${service}: at other loads nothing can be said of them.`,
    );
  }
  for (const finding of period.findings.filter((one) => isAbout(one, service) && isWithin(one, period))) {
    const since = new Date(finding.onsetAtMs).toISOString();
    const text = `${finding.kind} of ${finding.subject} (${finding.id}, ${finding.state}, since ${since}) lies within the period: what is accepted now will never be found again.`;
    warn('OPEN_FINDING', text);
  }
  for (const { signal, dimension } of period.failedData.filter(
    ({ serviceName }) => serviceName === service,
  )) {
    warn(
      'FAILING_DATA',
      `The ${signal} of ${service} failed in ${dimension} within the period: the numbers may be wrong.`,
    );
  }
  const versions = period.versionCounts.get(service) ?? 0;
  if (versions > 1) {
    warn(
      'SEVERAL_VERSIONS',
      `${versions} versions of ${service} answered within the period: where they differ at equal load, and the last one answered for a day and at most loads, the numbers are of it alone; else they are mixed.`,
    );
  }
  return warnings;
}

function isAbout({ subject }: Finding, service: string): boolean {
  return subject.split('->').includes(service);
}

/** Between onset and close, which of an open one is not yet. */
function isWithin({ onsetAtMs, closedAtMs }: Finding, { fromMs, untilMs }: ProposedPeriod): boolean {
  return onsetAtMs < untilMs && (closedAtMs ?? Number.POSITIVE_INFINITY) > fromMs;
}
