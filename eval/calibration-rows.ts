import type { AlarmCount } from './cases/case.ts';
import type { Coverage } from './measure-coverage.ts';

export const COVERAGE_HEADS = [
  '',
  'check',
  'fault',
  'held in',
  '95 % of that',
  'goal',
  'width',
  'runs',
  'unknown',
];
export const ALARM_HEADS = ['', 'dimension', 'condition', 'FAIL', 'episodes', 'verdicts', 'PASS', 'allowed'];

export function coverageRow(one: Coverage): string[] {
  const { coverage, goal, width } = one;
  return [
    outcomeOf(one),
    one.check,
    one.fault,
    coverage === null ? '-' : percent(coverage.estimate),
    coverage === null ? '-' : `${percent(coverage.lower)} to ${percent(coverage.upper)}`,
    `${Math.round(100 * goal.min)} to ${Math.round(100 * goal.max)} %`,
    width === null ? '-' : one.unit === 's' ? `${width.toFixed(3)} s` : percent(width),
    String(one.runs),
    String(one.unknown),
  ];
}

export function alarmRow(one: AlarmCount & { readonly isMet: boolean }): string[] {
  return [
    one.isMet ? 'met' : 'MISSED',
    one.check,
    one.condition,
    String(one.fails),
    String(one.episodes),
    String(one.verdicts),
    one.verdicts === 0 ? '-' : percent(one.passes / one.verdicts),
    one.failRatioMax === 0 ? 'none' : percent(one.failRatioMax),
  ];
}

/** Held too often is no wrong interval, but one that could be narrower. */
function outcomeOf({ isMet, coverage, goal }: Coverage): string {
  if (isMet) return 'met';
  return coverage !== null && coverage.estimate > goal.max ? 'wide' : 'MISSED';
}

function percent(ratio: number): string {
  return `${(100 * ratio).toFixed(1)} %`;
}
