import type { ClickHouseClient } from '@clickhouse/client';
import type { Queue } from 'bullmq';
import type { CloudEventsConfig } from '../alerts/cloud-event.ts';
import { type FindingGroup, groupFindings } from '../alerts/finding-group.ts';
import { reportFinding } from '../alerts/report-finding.ts';
import { reportId } from '../alerts/report-id.ts';
import { reportVerdict } from '../alerts/report-verdict.ts';
import { channelsFor, deliveryId } from '../alerts/tell.ts';
import type { Telling } from '../alerts/telling.ts';
import { groupVerdicts, type VerdictGroup } from '../alerts/verdict-group.ts';
import { addToStreak, type VerdictStreak } from '../alerts/verdict-streak.ts';
import { constraintOfFinding } from '../core/constraint-of-finding.ts';
import { effectSize } from '../core/effect-size.ts';
import type { Finding } from '../core/finding.ts';
import type { FindingAct } from '../core/finding-act.ts';
import type { Log } from '../core/log.ts';
import type { Addressed, ToldSubject } from '../core/oncall.ts';
import type { Report } from '../core/report.ts';
import { silenceOf } from '../core/silence.ts';
import type { Source } from '../core/source.ts';
import { byUrgency, type ToldNews } from '../core/told-news.ts';
import type { Dimension, Verdict } from '../core/verdict.ts';
import { readDecisions } from '../store/decisions.ts';
import { readFindingActs } from '../store/finding-acts.ts';
import { readFinding } from '../store/findings.ts';
import { readReport, readReports, writeReport } from '../store/reports.ts';
import { readVerdicts } from '../store/verdicts.ts';
import { isUserVisible } from './is-user-visible.ts';
import { addNotification } from './notification-job.ts';
import { createPageBudget } from './page-budget.ts';
import { tellDigests } from './tell-digests.ts';
import { writeReportFile } from './write-report-file.ts';

export interface TellDeps {
  readonly client: ClickHouseClient;
  readonly notifyQueue: Queue;
  readonly dataDir: string;
  readonly webhookUrl: string | undefined;
  readonly cloudEvents?: CloudEventsConfig | undefined;
  readonly log: Log;
  readonly constraintFor: (subject: { source: Source; dimension: Dimension }) => string | null;
  /** Whose a report is; null: nobody is known to be on call for it, and everything of it is told. */
  readonly oncallOf: (subject: ToldSubject) => Addressed | null;
  readonly digestMinuteOf: (oncall: string) => number;
  readonly notifyDelayMs?: number | undefined;
}

/** Of what a report tells, whose it is and how urgent. */
interface Weighed {
  readonly subject: ToldSubject;
  readonly state: string;
  readonly effectSize: number | null;
  readonly confidence: number;
  readonly isUrgent: boolean;
}

/** Turns what was judged into reports, and reports into notifications. */
export interface Teller {
  tellVerdicts(verdicts: readonly Verdict[], nowMs: number): Promise<void>;
  tellFindings(findings: readonly Finding[], nowMs: number): Promise<void>;
  /** What was not told at once, to whom it is due now. */
  tellDigests(nowMs: number): Promise<void>;
}

/** Other workers open and close reports too; after this long their doings are seen here. */
const REFRESH_EVERY_MS = 15_000;
const OPEN_REPORTS_MAX = 10_000;
const DECISIONS_SHOWN = 20;
/** A subject without evaluations for so long is forgotten; its open report, if any, stays. */
const FORGET_AFTER_MS = 600_000;

/**
 * Keeps in memory what the last evaluations of the failing subjects said. Where several workers share the ticks each
 * sees its part of them, so a report may open some seconds later; before one is told its newest state is read from
 * the store, so it opens once.
 * @returns functions that throw PipelineError store_* and then have told nothing: the next tick tries again
 */
export function createTeller(deps: TellDeps): Teller {
  const streaks = new Map<string, VerdictStreak>();
  /** By subject. */
  const open = new Map<string, Report>();
  const mayPage = createPageBudget(deps.client);
  let refreshedAtMs: number | null = null;

  async function refresh(nowMs: number): Promise<void> {
    if (refreshedAtMs !== null && Math.abs(nowMs - refreshedAtMs) < REFRESH_EVERY_MS) return;
    const reports = await readReports(deps.client, { state: 'open', limit: OPEN_REPORTS_MAX });
    open.clear();
    for (const report of reports) open.set(report.subjectId, report);
    refreshedAtMs = nowMs;
  }

  async function tellGroup(group: VerdictGroup, verdicts: readonly Verdict[], nowMs: number): Promise<void> {
    const streak = addToStreak(streaks.get(group.subjectId) ?? null, group);
    streaks.set(group.subjectId, streak);
    const previous = open.get(group.subjectId) ?? null;
    if (group.outcome === 'pass' && previous === null) streaks.delete(group.subjectId);
    const constraint = deps.constraintFor(group);
    if (reportVerdict(group, { nowMs, previous, streak, constraint }) === null) return;
    const service = group.source.serviceName;
    const [newest, decisions] = await Promise.all([
      readReport(deps.client, reportId(group.subjectId)),
      readDecisions(deps.client, { service, limit: DECISIONS_SHOWN }),
    ]);
    const siblings = verdicts.filter((verdict) => isSibling(verdict, group));
    const context = { nowMs, previous: newest, streak, siblings, decisions, constraint };
    await tell(reportVerdict(group, context), newest, weighVerdicts(group, constraint));
  }

  async function tellFindingGroup(
    group: FindingGroup,
    acts: readonly FindingAct[],
    nowMs: number,
  ): Promise<void> {
    const { subjectId, lead, others } = group;
    const silence = silenceOf([lead, ...others], acts, nowMs);
    if (reportFinding(lead, { nowMs, previous: open.get(subjectId) ?? null, silence }) === null) return;
    // Of calls from a to b, what b does is what there is to know.
    const service = lead.subject.split('->').at(-1) as string;
    const [previous, decisions, verdicts] = await Promise.all([
      readReport(deps.client, reportId(subjectId)),
      readDecisions(deps.client, { service, limit: DECISIONS_SHOWN }),
      readVerdicts(deps.client, { service, nowMs }),
    ]);
    const telling = reportFinding(lead, { nowMs, previous, others, decisions, verdicts, silence });
    await tell(telling, previous, weighFindings(group));
  }

  /** The most urgent first: they get what is left of a budget. */
  async function tellFindingGroups(groups: readonly FindingGroup[], nowMs: number): Promise<void> {
    const ids = groups.flatMap(({ lead, others }) => [lead, ...others].map(({ id }) => id));
    const acts = await readFindingActs(deps.client, ids);
    const weighed = groups.map((told) => ({ told, weight: weighFindings(told) }));
    weighed.sort((a, b) => byUrgency(a.weight, b.weight));
    for (const { told } of weighed) await tellFindingGroup(told, acts, nowMs);
  }

  /** What one open report covers stays with it. */
  function group(findings: readonly Finding[]): FindingGroup[] {
    const covering = new Map(
      [...open.values()].flatMap((report) =>
        findingIdsOf(report).map((id) => [id, report.subjectId] as const),
      ),
    );
    return groupFindings(findings, {
      leadIdOf: (subjectId) => textFact(open.get(subjectId), 'findingId'),
      subjectOf: (findingId) => covering.get(findingId) ?? null,
    });
  }

  /** The notification first: should the process end here, it is told twice rather than never. */
  async function tell(telling: Telling | null, newest: Report | null, weighed: Weighed): Promise<void> {
    const report = telling?.report ?? newest;
    if (telling !== null) {
      for (const channel of channelsFor(telling, deps)) {
        const job = { deliveryId: deliveryId(telling, channel), channel, report: telling.report };
        if (channel === 'webhook' && !(await isToldAtOnce(job.deliveryId, telling, weighed))) continue;
        await addNotification(deps.notifyQueue, job, deps.notifyDelayMs);
      }
      await writeReport(deps.client, telling.report);
      await writeReportFile(deps.dataDir, telling.report).catch((error) =>
        deps.log.warn({ error }, 'A report could not be written as a file; it stands in the store.'),
      );
      deps.log.info({ reportId: telling.report.id, news: telling.news }, telling.report.headline);
    }
    if (report?.state === 'open') open.set(report.subjectId, report);
    else if (report !== null) open.delete(report.subjectId);
  }

  /** What is not waits for the digest. */
  async function isToldAtOnce(id: string, { news, report }: Telling, weighed: Weighed): Promise<boolean> {
    const to = deps.oncallOf(weighed.subject);
    if (to === null) return true;
    const { state, effectSize: size, confidence, isUrgent } = weighed;
    const told: ToldNews = {
      id,
      oncall: to.oncall,
      atMs: Date.parse(report.updatedAt),
      way: 'page',
      digestId: '',
      reportId: report.id,
      openedAtMs: Date.parse(report.openedAt),
      news,
      state: news === 'closed' ? '' : state,
      effectSize: size !== null && Number.isFinite(size) ? size : null,
      confidence,
      headline: report.headline,
    };
    return mayPage({ news: told, to, isUrgent });
  }

  return {
    async tellVerdicts(verdicts, nowMs) {
      await refresh(nowMs);
      for (const [subjectId, streak] of streaks) {
        if (nowMs - streak.evaluatedAtMs > FORGET_AFTER_MS) streaks.delete(subjectId);
      }
      for (const group of groupVerdicts(verdicts, nowMs)) {
        const isKnown = streaks.has(group.subjectId) || open.has(group.subjectId);
        if (isKnown || group.outcome === 'fail') await tellGroup(group, verdicts, nowMs);
      }
    },
    async tellFindings(findings, nowMs) {
      await refresh(nowMs);
      const groups = group(findings);
      await tellFindingGroups(groups, nowMs);
      const told = new Set(groups.map(({ subjectId }) => subjectId));
      const silent = [...open.values()].filter(
        ({ facts, subjectId }) => facts['kind'] === 'finding' && !told.has(subjectId),
      );
      // A finding is handed out as closed once. Was that tick cut short, what it wrote is told here.
      for (const report of silent) {
        const ids = findingIdsOf(report);
        const read = await Promise.all(ids.map((id) => readFinding(deps.client, id)));
        await tellFindingGroups(group(read.filter((finding) => finding !== null)), nowMs);
      }
    },
    tellDigests: (nowMs) => tellDigests(deps, nowMs),
  };
}

function weighVerdicts({ source, worst }: VerdictGroup, constraint: string | null): Weighed {
  // `set/id`, of several sets one after the other.
  const names = (constraint ?? '').split(' ').map((path) => ({
    of: 'source' as const,
    name: path.split('/').at(-1) as string,
  }));
  const { estimate, confidence } = worst;
  return {
    subject: { services: [source.serviceName], names },
    state: 'fail',
    effectSize: estimate,
    confidence,
    isUrgent: false,
  };
}

function weighFindings({ lead, others }: FindingGroup): Weighed {
  const all = [lead, ...others];
  const names = all.flatMap((finding) => {
    const constraint = constraintOfFinding(finding);
    const kind = { of: 'drift' as const, name: finding.kind };
    return constraint === null
      ? [kind]
      : [kind, { of: 'intent' as const, name: constraint.split('/').at(-1) as string }];
  });
  return {
    // Of calls from a to b, b's people first.
    subject: { services: lead.subject.split('->').reverse(), names },
    state: lead.state,
    effectSize: effectSize(lead),
    confidence: lead.confidence,
    isUrgent: all.some(isUserVisible),
  };
}

function findingIdsOf({ facts }: Report): string[] {
  const others = Array.isArray(facts['otherFindingIds']) ? facts['otherFindingIds'] : [];
  return [facts['findingId'], ...others].filter((id) => typeof id === 'string');
}

function textFact(report: Report | undefined, name: string): string | null {
  const value = report?.facts[name];
  return typeof value === 'string' ? value : null;
}

function isSibling(verdict: Verdict, { source, dimension }: VerdictGroup): boolean {
  return (
    verdict.dimension !== dimension &&
    verdict.source.tenant === source.tenant &&
    verdict.source.serviceNamespace === source.serviceNamespace &&
    verdict.source.serviceName === source.serviceName &&
    verdict.source.signal === source.signal
  );
}
