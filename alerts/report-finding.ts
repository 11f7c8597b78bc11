import { effectSize } from '../core/effect-size.ts';
import type { Finding } from '../core/finding.ts';
import type { Report } from '../core/report.ts';
import { NO_SILENCE, type Silence } from '../core/silence.ts';
import { rfc3339 } from '../core/time.ts';
import type { Reason, Verdict } from '../core/verdict.ts';
import type { DecisionRow } from '../store/decisions.ts';
import { amountText } from './amount-text.ts';
import { copyableCommand } from './copyable-command.ts';
import { decisionLines } from './decision-lines.ts';
import { evidenceCounts } from './evidence-counts.ts';
import { evidenceSeries, type SeriesPoint } from './evidence-series.ts';
import { findingSubjectId } from './finding-group.ts';
import { KIND_TEXT } from './kind-text.ts';
import { outcomeText } from './outcome-text.ts';
import { reportId } from './report-id.ts';
import { type Confirmation, reportMarkdown } from './report-markdown.ts';
import { codeText, markdownText, oneLine } from './safe-text.ts';
import { sparkline } from './sparkline.ts';
import { hasDoubled, largest, type News, type Telling, type Told, toldBefore } from './telling.ts';
import { textsOf } from './texts-of.ts';
import { durationText, timeText } from './time-text.ts';
import { actorsOf, whoActed } from './who-acted.ts';

export interface FindingContext {
  readonly nowMs: number;
  readonly previous: Report | null;
  /** Findings of the same cause, which this report covers too. */
  readonly others?: readonly Finding[] | undefined;
  /** Newest verdicts about the data of the subject. */
  readonly verdicts?: readonly Verdict[] | undefined;
  readonly decisions?: readonly DecisionRow[] | undefined;
  /** What people did about it. */
  readonly silence?: Silence | undefined;
}

/**
 * What to tell about a finding now; null when there is no news. One report from the first suspicion to the close:
 * told when it opens, is confirmed, has doubled, or is closed. A finding that can no longer be judged keeps its
 * report open: missing data never resolve anything. What a person acknowledged or snoozed is kept up to date, and told
 * again when it has doubled since or the snooze is over.
 */
export function reportFinding(finding: Finding, asked: FindingContext): Telling | null {
  const context = { ...asked, silence: stillSilent(asked) };
  const told = toldBefore(context.previous);
  const news = newsOf(finding, context, told);
  if (news === null) return null;
  const size = largest(told?.effectSize ?? null, effectSizeOf(finding));
  const report = buildReport(finding, context, { news, effectSize: size, atMs: context.nowMs });
  return { news, report, isSilenced: context.silence.by !== null };
}

/** An act that was once outgrown stays so, though the effect may fall again. */
function stillSilent({ previous, silence = NO_SILENCE }: FindingContext): Silence {
  const isOver = silence.by !== null && previous?.facts['outgrownAct'] === silence.by.id;
  return isOver ? NO_SILENCE : silence;
}

function newsOf(
  finding: Finding,
  { previous, nowMs, silence = NO_SILENCE }: FindingContext,
  told: Told | null,
): News | null {
  const { state } = finding;
  if (told === null || previous === null) {
    return state === 'suspect' || state === 'confirmed' ? 'opened' : null;
  }
  if (state === 'closed') return 'closed';
  if (silence.outgrown !== null && previous.facts['outgrownAct'] !== silence.outgrown.id) return 'doubled';
  if (state === 'confirmed' && previous.facts['confirmed'] !== true) return 'confirmed';
  if (silence.ended !== null && previous.facts['endedSnooze'] !== silence.ended.id) return 'snooze-ended';
  // Another finding of the subject leads now; its effect is not to be compared with the one told before.
  if (previous.facts['findingId'] !== finding.id) return 'updated';
  if (state !== 'cannot-say' && hasDoubled(told, { effectSize: effectSizeOf(finding), nowMs }))
    return 'doubled';
  const isAsTold =
    state === previous.facts['state'] && (silence.by?.id ?? null) === (previous.facts['silencedBy'] ?? null);
  return isAsTold ? null : 'updated';
}

/** null also where it is without bounds: JSON has no word for it. */
function effectSizeOf(finding: Finding): number | null {
  const size = effectSize(finding);
  return size !== null && Number.isFinite(size) ? size : null;
}

function buildReport(finding: Finding, context: FindingContext, told: Told): Report {
  const { nowMs, previous } = context;
  const closed = told.news === 'closed';
  const closedAtMs = closed ? (finding.closedAtMs ?? nowMs) : null;
  const lastedText = durationText((closedAtMs ?? nowMs) - finding.onsetAtMs);
  const headline = closed
    ? `${endText(finding)}: ${oneLine(finding.subject)}: ${KIND_TEXT[finding.kind].what}, after ${lastedText}`
    : headlineOf(finding);
  const onset = timeText(finding.onsetAtMs);
  const when = closed ? `from ${onset}, for ${lastedText}` : `since ${onset} (${lastedText})`;
  // A report goes on under the subject it began with, whichever finding leads it now.
  const subjectId = previous?.state === 'open' ? previous.subjectId : findingSubjectId(finding);
  const id = reportId(subjectId);
  const confirm = confirmations(finding, id, closed);
  const options = closed ? [] : optionsOf(finding);
  const markdown = reportMarkdown({
    headline: markdownText(headline),
    state: `${stateText(finding, told.news)}${closed ? '' : silenceText(context)}, ${when}; report \`${id}\``,
    intent: intentText(finding),
    matters: closed ? undefined : KIND_TEXT[finding.kind].matters,
    picture: pictureOf(finding),
    evidence: [...finding.reasons.map(reasonLine), ...otherLines(context)],
    hiddenBy: textsOf(finding.evidence['hiddenBy']).map(markdownText),
    dataTrust: trustLines(context),
    reach: reachLines(finding),
    whoActed: whoActed(finding, context.decisions ?? []),
    gateDecisions: decisionLines(context.decisions ?? []),
    confirm,
    falsifiedBy: closed ? [] : textsOf([finding.evidence['falsifiedBy']]).map(markdownText),
    options,
    answers: answersTo(finding, closed),
  });
  return {
    id,
    subjectId,
    state: closed ? 'closed' : 'open',
    openedAt: previous?.state === 'open' ? previous.openedAt : rfc3339(nowMs),
    updatedAt: rfc3339(nowMs),
    closedAt: closedAtMs === null ? null : rfc3339(closedAtMs),
    headline,
    markdown,
    facts: factsOf(finding, context, { told, confirm, options }),
  };
}

/** That a person closed it does not say that it is over. */
function endText({ evidence }: Finding): string {
  const closedBy = evidence['closedBy'] as { by?: unknown } | undefined;
  return typeof closedBy?.by === 'string' ? `Closed by ${oneLine(closedBy.by)}` : 'Over';
}

function silenceText({ silence = NO_SILENCE }: FindingContext): string {
  if (silence.ended !== null) return `, no longer snoozed by ${markdownText(silence.ended.by)}`;
  if (silence.by === null) return '';
  const { by, untilMs, reason } = silence.by;
  const why = reason === '' ? '' : ` (${markdownText(reason)})`;
  return untilMs === null
    ? `, acknowledged by ${markdownText(by)}${why}`
    : `, snoozed by ${markdownText(by)} until ${timeText(untilMs)}${why}`;
}

function reasonLine({ code, text }: Reason): string {
  return `${markdownText(text)} (${code})`;
}

function otherLines({ others = [] }: FindingContext): string[] {
  return others.map(
    (other) => `also ${other.state}: ${markdownText(headlineOf(other))} (${markdownText(other.id)})`,
  );
}

function headlineOf(finding: Finding): string {
  const { kind } = finding;
  // 99.9 % must not become 100 %: nothing is that sure.
  const percent = `${Math.floor(finding.confidence * 1_000) / 10} % sure`;
  const sure = finding.confidence === 0 ? 'how sure is unknown' : percent;
  return `${oneLine(finding.subject)}: ${KIND_TEXT[kind].what}; ${effectText(finding)} since ${timeText(finding.onsetAtMs)}; ${sure}`;
}

function effectText(finding: Finding): string {
  const { metric, ratio, lower, upper, atEqualLoad } = finding.effect;
  const name = oneLine(metric);
  if (Number.isNaN(ratio)) return `${name} by an unknown amount`;
  // Read off, not estimated: a setting, an action.
  const isExact = lower === ratio && upper === ratio;
  if (isExact && ratio === 1) return name;
  const against = atEqualLoad ? 'what it was at equal load' : KIND_TEXT[finding.kind].against;
  const interval = isExact ? '' : ` (${amountText(lower, '')} to ${amountText(upper, '')})`;
  const received = isOfUnknownWeights(finding) ? ' of spans as received' : '';
  return `${name} at ${amountText(ratio, '')} times ${against}${interval}${received}`;
}

function isOfUnknownWeights({ reasons }: Finding): boolean {
  return reasons.some(({ code }) => code === 'WEIGHTS_UNKNOWN');
}

function stateText(finding: Finding, news: News): string {
  if (news === 'closed') return '**closed**';
  if (finding.state === 'cannot-say') {
    const missing = isOfUnknownWeights(finding)
      ? 'how many requests the spans stand for is unknown'
      : 'the data are missing';
    return `**open**, but nobody can say at present: ${missing}`;
  }
  const grown = news === 'doubled' ? ', growing: twice what was told before' : '';
  return `**open**, ${finding.state}${grown}`;
}

interface WrittenIntent {
  readonly constraint?: unknown;
  readonly metric?: unknown;
  readonly comparator?: unknown;
  readonly target?: unknown;
  readonly why?: unknown;
}

/** What people wrote, when the detector put it into `evidence.intent`. */
function intentText(finding: Finding): string {
  const intent = (finding.evidence['intent'] ?? {}) as WrittenIntent;
  if (intent.target === undefined) return 'nobody wrote a target for this';
  const target = `${intent.metric ?? finding.effect.metric} ${intent.comparator ?? ''} ${intent.target}`;
  const from = intent.constraint === undefined ? '' : ` (constraint ${intent.constraint})`;
  const why = typeof intent.why === 'string' && intent.why !== '' ? `, because: ${intent.why}` : '';
  return markdownText(`${target}${from}${why}`);
}

function pictureOf(finding: Finding): string[] {
  const series = evidenceSeries(finding.evidence);
  const [first] = series;
  const last = series.at(-1);
  if (first === undefined || last === undefined) return [];
  const values = series.map(({ value }) => value);
  const known = values.filter((value) => value !== null);
  const range =
    known.length === 0
      ? 'unknown'
      : `${amountText(Math.min(...known), '')} to ${amountText(Math.max(...known), '')}`;
  return [
    `${codeText(finding.effect.metric)} ${spanText(first, last)}, · is unknown`,
    `${sparkline(values)}  ${range}`,
    ...evidenceCounts(finding.evidence),
  ];
}

function spanText(first: SeriesPoint, last: SeriesPoint): string {
  if ('startMs' in first && 'startMs' in last)
    return `from ${timeText(first.startMs)} to ${timeText(last.startMs)}`;
  const minutes = 'minute' in first && 'minute' in last ? last.minute - first.minute : 0;
  return `over ${durationText(minutes * 60_000)}`;
}

function trustLines({ verdicts = [], nowMs }: FindingContext): string[] {
  if (verdicts.length === 0) return ['not known: nobody has judged the data of this subject lately'];
  return verdicts.map((verdict) => {
    const { signal, serviceInstanceId } = verdict.source;
    const instance = serviceInstanceId === '' ? '' : ` of ${markdownText(serviceInstanceId)}`;
    return `${signal}${instance}, ${verdict.dimension}: ${outcomeText(verdict, nowMs)}`;
  });
}

function reachLines({ subject }: Finding): string[] {
  const [from, to] = subject.split('->');
  if (to === undefined) return [`service ${markdownText(subject)}, and whoever calls it`];
  return [
    `calls from ${markdownText(from as string)} to ${markdownText(to)}, and whoever calls ${markdownText(from as string)}`,
  ];
}

function confirmations(finding: Finding, id: string, closed: boolean): Confirmation[] {
  const again = { command: copyableCommand(`report ${id}`), expected: 'this report, as it stands by then.' };
  if (closed) return [again];
  return [
    {
      command: copyableCommand('findings', { state: finding.state }),
      expected: `a row \`${finding.kind}\` with this subject while it lasts.`,
    },
    {
      command: copyableCommand('verdicts', { service: finding.subject.split('->').at(-1) as string }),
      expected: '`pass`: the data can be trusted, so this is the system and not its telemetry.',
    },
  ];
}

function optionsOf(finding: Finding): string[] {
  const { kind, evidence } = finding;
  const { options, canFreeze } = KIND_TEXT[kind];
  const closesWhen = evidence['closesWhen'];
  const byItself =
    typeof closesWhen === 'string' ? [`Do nothing: it closes when ${markdownText(closesWhen)}.`] : [];
  return [...options, ...(canFreeze ? [freezeText(actorsOf(finding))] : []), ...byItself];
}

/** Until it is closed they also say who is told; how useful it was can be said of what is over. */
function answersTo({ id }: Finding, closed: boolean): string[] {
  const rate = `${copyableCommand('findings feedback', {}, [id])} useful   # or noise, or wrong`;
  if (closed) return [rate];
  return [
    copyableCommand('findings ack', {}, [id]),
    `${copyableCommand('findings snooze', { for: '1d' }, [id])} --reason="…"   # 7d at most`,
    rate,
    `${copyableCommand('findings close', {}, [id])} --reason="…"`,
  ];
}

/** With the line to paste where it is known who acts. */
function freezeText(actors: readonly string[]): string {
  const rows = actors.map((actor) => `{ ${codeText(JSON.stringify(actor))}: ["*"] }`);
  const line =
    rows.length === 0 ? 'boundaries.actors' : `boundaries: { actors: { deny: [${rows.join(', ')}] } }`;
  return `Stop the actor that moves it while you look: deny its actions in the constraint file (\`${line}\`).`;
}

interface FactParts {
  readonly told: Told;
  readonly confirm: readonly Confirmation[];
  readonly options: readonly string[];
}

function factsOf(
  finding: Finding,
  { previous, decisions, others = [], silence = NO_SILENCE }: FindingContext,
  parts: FactParts,
): Report['facts'] {
  const { effect } = finding;
  const before = previous?.state === 'open' ? previous.facts : {};
  const wasConfirmed = before['confirmed'] === true;
  return {
    kind: 'finding',
    ...parts,
    findingId: finding.id,
    otherFindingIds: others.map(({ id }) => id),
    findingKind: finding.kind,
    subject: finding.subject,
    culprit: finding.culprit,
    state: finding.state,
    confirmed: wasConfirmed || finding.state === 'confirmed',
    silencedBy: silence.by?.id ?? null,
    outgrownAct: silence.outgrown?.id ?? before['outgrownAct'] ?? null,
    endedSnooze: silence.ended?.id ?? before['endedSnooze'] ?? null,
    onsetAt: rfc3339(finding.onsetAtMs),
    detectedAt: rfc3339(finding.detectedAtMs),
    effect: {
      ...effect,
      ratio: jsonNumber(effect.ratio),
      lower: jsonNumber(effect.lower),
      upper: jsonNumber(effect.upper),
    },
    confidence: finding.confidence,
    reasons: finding.reasons,
    evidence: finding.evidence,
    decisions: [...finding.decisions, ...(decisions ?? []).map(({ response }) => response.decisionId)],
  };
}

/** JSON would turn an infinite ratio (nothing before, something now) into null, which reads as unknown. */
function jsonNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}
