import type { Report } from '../core/report.ts';
import { ITEM_NOUN } from '../core/signal.ts';
import { sourceLabel } from '../core/source.ts';
import { rfc3339 } from '../core/time.ts';
import type { Verdict } from '../core/verdict.ts';
import type { DecisionRow } from '../store/decisions.ts';
import { amountText } from './amount-text.ts';
import { copyableCommand } from './copyable-command.ts';
import { decisionLines } from './decision-lines.ts';
import { dimensionText } from './dimension-text.ts';
import { outcomeText } from './outcome-text.ts';
import { reportId } from './report-id.ts';
import { type Confirmation, reportMarkdown } from './report-markdown.ts';
import { codeText, markdownText, oneLine } from './safe-text.ts';
import { sparkline } from './sparkline.ts';
import { hasDoubled, largest, type News, type Telling, type Told, toldBefore } from './telling.ts';
import { durationText, timeText } from './time-text.ts';
import { currentOutcome, type VerdictGroup } from './verdict-group.ts';
import { failsLastingly, passesLastingly, type VerdictStreak } from './verdict-streak.ts';

export interface VerdictContext {
  readonly nowMs: number;
  readonly previous: Report | null;
  readonly streak: VerdictStreak;
  /** Verdicts about the same source in other dimensions. */
  readonly siblings?: readonly Verdict[] | undefined;
  readonly decisions?: readonly DecisionRow[] | undefined;
  /** `set/id` of the constraint the limits come from; null where the defaults hold. */
  readonly constraint?: string | null | undefined;
}

const INSTANCES_MAX = 5;
/**
 * Three spans and then silence is a job that ran, or our own start: nobody is called for so few, unless a written
 * constraint asks for the source. The verdict stays a failure; gates hold on it all the same.
 */
const RECORDS_MIN = 30;

/**
 * What to tell about one subject's verdicts now; null when there is no news. Opens after a lasting failure,
 * closes after lasting passes (verdict-streak.ts), in between speaks up only when the estimate has doubled.
 */
export function reportVerdict(group: VerdictGroup, context: VerdictContext): Telling | null {
  const told = toldBefore(context.previous);
  const news = newsOf(group, context, told);
  if (news === null) return null;
  const effectSize = largest(told?.effectSize ?? null, group.worst.estimate);
  return { news, report: buildReport(group, context, { news, effectSize, atMs: context.nowMs }) };
}

function newsOf(group: VerdictGroup, context: VerdictContext, told: Told | null): News | null {
  const { streak, nowMs } = context;
  if (told === null) {
    const isAskedFor = group.worst.n >= RECORDS_MIN || context.constraint != null;
    return group.outcome === 'fail' && isAskedFor && failsLastingly(streak) ? 'opened' : null;
  }
  if (group.outcome === 'pass') return passesLastingly(streak) ? 'closed' : null;
  if (group.outcome !== 'fail') return null;
  return hasDoubled(told, { effectSize: group.worst.estimate, nowMs }) ? 'doubled' : null;
}

function buildReport(group: VerdictGroup, context: VerdictContext, told: Told): Report {
  const { nowMs, previous, streak } = context;
  const reopened = previous === null || previous.state === 'closed';
  const openedAtMs = reopened ? (streak.failSinceMs ?? nowMs) : Date.parse(previous.openedAt);
  const closed = told.news === 'closed';
  const lasted = durationText(nowMs - openedAtMs);
  const headline = closed
    ? `Over: ${label(group)}: ${group.dimension} passes again after ${lasted}`
    : headlineOf(group, openedAtMs, nowMs);
  const id = reportId(group.subjectId);
  const confirm = confirmations(group, closed);
  const options = closed ? [] : dimensionText(group.dimension, group.worst).options;
  const when = closed
    ? `from ${timeText(openedAtMs)}, for ${lasted}`
    : `since ${timeText(openedAtMs)} (${lasted})`;
  const markdown = reportMarkdown({
    headline: markdownText(headline),
    state: `${STATE_TEXT[told.news]}, ${when}; report \`${id}\``,
    intent: intentText(group, context.constraint ?? null),
    picture: pictureOf(group, streak),
    evidence: group.worst.reasons.map((reason) => `${markdownText(reason.text)} (${reason.code})`),
    dataTrust: trustLines(group, context, closed),
    reach: reachLines(group, nowMs),
    gateDecisions: decisionLines(context.decisions ?? []),
    confirm,
    options,
  });
  return {
    id,
    subjectId: group.subjectId,
    state: closed ? 'closed' : 'open',
    openedAt: rfc3339(openedAtMs),
    updatedAt: rfc3339(nowMs),
    closedAt: closed ? rfc3339(nowMs) : null,
    headline,
    markdown,
    facts: factsOf(group, context, { told, confirm, options }),
  };
}

const STATE_TEXT: Readonly<Record<News, string>> = {
  opened: '**open**, new',
  confirmed: '**open**, confirmed',
  doubled: '**open**, growing: twice what was told before',
  'snooze-ended': '**open**',
  updated: '**open**',
  closed: '**closed**',
};

function label(group: VerdictGroup): string {
  return oneLine(sourceLabel(group.source));
}

function headlineOf(group: VerdictGroup, openedAtMs: number, nowMs: number): string {
  const { worst, dimension } = group;
  const items = ITEM_NOUN[group.source.signal];
  const what = dimensionText(dimension, worst).what(amountText(worst.estimate, worst.unit), items);
  const sure = `${Math.round(worst.confidence * 100)} % sure of at least ${amountText(worst.lower, worst.unit)}`;
  const limit = `limit ${amountText(worst.limits.fail, worst.unit)}`;
  const failing = failingOf(group, nowMs).length;
  const where = group.verdicts.length > 1 ? ` (${failing} of ${group.verdicts.length} instances)` : '';
  return `${label(group)}${where}: ${what} (${sure}; ${limit}) since ${timeText(openedAtMs)}`;
}

function failingOf(group: VerdictGroup, nowMs: number): Verdict[] {
  return group.verdicts.filter((verdict) => currentOutcome(verdict, nowMs) === 'fail');
}

function intentText(group: VerdictGroup, constraint: string | null): string {
  const { worst, dimension, source } = group;
  const limit = dimensionText(dimension, worst).limit(
    amountText(worst.limits.fail, worst.unit),
    ITEM_NOUN[source.signal],
  );
  const from =
    constraint === null ? 'default; nobody wrote another limit' : `constraint ${markdownText(constraint)}`;
  return `${limit} (${from})`;
}

/** The estimates of the last minute as a line, then each way of estimating with its interval. */
function pictureOf(group: VerdictGroup, streak: VerdictStreak): string[] {
  const { worst, dimension } = group;
  const known = streak.recent.flatMap(({ estimate }) => (estimate === null ? [] : [estimate]));
  const line = sparkline(streak.recent.map(({ estimate }) => estimate));
  const [low, high] = [Math.min(...known), Math.max(...known)].map((end) => amountText(end, worst.unit));
  const range = known.length === 0 ? 'unknown' : `${low} to ${high}`;
  const names = worst.estimators.map(({ id }) => codeText(id));
  const width = Math.max(0, ...names.map((name) => name.length));
  const estimators = worst.estimators.map(({ estimate, lower, upper, n, kind, unit = worst.unit }, index) => {
    const interval =
      lower === null && upper === null ? '' : ` [${amountText(lower, unit)}, ${amountText(upper, unit)}]`;
    return `${names[index]?.padEnd(width)}  ${amountText(estimate, unit)}${interval}  n=${n}  ${kind}`;
  });
  return [
    `${dimensionText(dimension, worst).series}, oldest first, · is unknown`,
    `${line}  ${range}`,
    ...estimators,
  ];
}

function trustLines(group: VerdictGroup, context: VerdictContext, closed: boolean): string[] {
  const { siblings = [], nowMs } = context;
  const until = closed ? 'in that time' : 'while it is open';
  const self = `This report is about the data themselves: ${until}, values computed from ${markdownText(label(group))} are not known.`;
  return [self, ...siblings.map((verdict) => `${verdict.dimension}: ${outcomeText(verdict, nowMs)}`)];
}

function reachLines(group: VerdictGroup, nowMs: number): string[] {
  const { serviceName, tenant } = group.source;
  const failing = failingOf(group, nowMs).filter((verdict) => verdict.source.serviceInstanceId !== '');
  const shown = failing.slice(0, INSTANCES_MAX).map((verdict) => {
    const amount = amountText(verdict.estimate, verdict.unit);
    return `instance ${markdownText(verdict.source.serviceInstanceId)}: ${amount}`;
  });
  const rest = failing.length - shown.length;
  const of = tenant === '' ? '' : ` of tenant ${markdownText(tenant)}`;
  return [
    `service ${markdownText(serviceName)}${of}, and every gate that needs its ${group.source.signal}`,
    ...shown,
    ...(rest > 0 ? [`and ${rest} more instances`] : []),
  ];
}

function confirmations(group: VerdictGroup, closed: boolean): Confirmation[] {
  const service = group.source.serviceName;
  const look = copyableCommand('verdicts', { service, dimension: group.dimension });
  if (closed) return [{ command: look, expected: '`pass` in the rows of this signal.' }];
  return [
    {
      command: look,
      expected: '`fail` while this lasts; `pass` when it is over; `unknown` when nobody can say.',
    },
    {
      command: `${copyableCommand('ask', { service, kind: 'scale.down' })} --shadow`,
      expected: '`hold` (exit code 20), with this verdict among the reasons.',
    },
  ];
}

interface FactParts {
  readonly told: Told;
  readonly confirm: readonly Confirmation[];
  readonly options: readonly string[];
}

function factsOf(group: VerdictGroup, context: VerdictContext, parts: FactParts): Report['facts'] {
  const { worst } = group;
  return {
    kind: 'verdict',
    ...parts,
    dimension: group.dimension,
    source: group.source,
    outcome: group.outcome,
    estimate: worst.estimate,
    lower: worst.lower,
    upper: worst.upper,
    confidence: worst.confidence,
    unit: worst.unit,
    n: worst.n,
    limits: worst.limits,
    constraint: context.constraint ?? null,
    window: { start: rfc3339(worst.window.startMs), end: rfc3339(worst.window.endMs) },
    reasons: worst.reasons,
    estimators: worst.estimators,
    failingInstances: failingOf(group, context.nowMs).map((verdict) => verdict.source.serviceInstanceId),
    decisions: context.decisions?.map(({ response }) => response.decisionId) ?? [],
  };
}
