import type { ClickHouseClient } from '@clickhouse/client';
import type { AcceptedReference } from '../core/accepted-reference.ts';
import { afterCloses, type Closes, closedByPerson } from '../core/close-by-person.ts';
import type { Finding } from '../core/finding.ts';
import { referencesInForce } from '../core/references-in-force.ts';
import type { DesignIntent, SystemHistory } from '../core/system-history.ts';
import { detectDrift } from '../detectors/detect-drift.ts';
import { LEVELS_EDITION, type SystemView, viewSystem } from '../detectors/equal-load/system-view.ts';
import { findingOfEpisode } from '../detectors/finding-of-episode.ts';
import { groupEpisodes } from '../detectors/group-episodes.ts';
import {
  insertReferenceLevels,
  readReferenceLevels,
  readReferenceNumbers,
  readReferences,
} from '../store/accepted-references.ts';
import { readCloses } from '../store/finding-acts.ts';
import { readFindings, writeFinding } from '../store/findings.ts';
import { readSystemHistory } from '../store/tallies/read-system-history.ts';
import { findingDiffers } from './finding-differs.ts';

const MINUTE_MS = 60_000;
/** Minutes may still grow this long after their end. */
const SETTLED_AFTER_MS = 2 * MINUTE_MS;
const DAY_MS = 86_400_000;
/** As long as rollups are kept: of an older reference the accepted minutes are gone. */
const KEPT_MS = 30 * DAY_MS;
/** What is judged anew at each tick: the slowest creep of interest adds up within it. */
const JUDGED_MS = 14 * DAY_MS;
/** What detectors look back on from the first minute they judge. */
const BEFORE_MS = 2 * DAY_MS;
const OPEN_STATES = ['suspect', 'confirmed', 'cannot-say'] as const;

export interface DetectDriftDeps {
  readonly client: ClickHouseClient;
  readonly intent: () => DesignIntent;
  readonly unsampledNames: () => ReadonlySet<string>;
}

/**
 * One tick: holds every service that has a reference in force against it, and writes what changed. All is computed anew
 * from the rollups and from what was frozen of the reference, so neither a restart nor a second judge finds anything
 * twice. The first tick of a reference freezes it: from then on it stays in force without its minutes.
 * @returns open findings, and those closed by this tick
 * @throws PipelineError store_unavailable; the next tick tries again
 */
export async function detectDriftOf(deps: DetectDriftDeps, nowMs: number): Promise<Finding[]> {
  const inForce = referencesInForce(await readReferences(deps.client));
  const closes = await readCloses(deps.client);
  const open = await readOpen(deps.client, closes, nowMs);
  const all: Finding[] = [];
  /** By id: from when on it judged in this tick. */
  const judgedFrom = new Map<string, number>();
  for (const system of systemsOf(inForce)) {
    const judged = await judgeSystem(deps, system, nowMs);
    if (judged === null) continue;
    judgedFrom.set(system.reference.id, judged.fromMs);
    all.push(...continued(judged.findings, open, judged.fromMs));
  }
  const found = notClosedByPeople(all, { closes, isOpen: (id) => open.has(id) });
  const seen = new Set(found.map(({ id }) => id));
  const gone = [...open.values()].filter(({ id }) => !seen.has(id));
  const told = [
    ...found.filter(({ state, id }) => state !== 'closed' || open.has(id)),
    ...gone.map((last) => notFoundAgain(last, { inForce, judgedFrom, nowMs })),
  ];
  for (const finding of told) {
    const last = open.get(finding.id);
    if (last === undefined || findingDiffers(last, finding)) await writeFinding(deps.client, finding, nowMs);
  }
  return told;
}

interface ReferredSystem {
  readonly reference: AcceptedReference;
  /** In order of name. */
  readonly serviceNames: readonly string[];
}

/** Services that one reference counts for are one system: who calls whom matters. */
function systemsOf(inForce: ReadonlyMap<string, AcceptedReference>): ReferredSystem[] {
  const byReference = Map.groupBy(inForce, ([, reference]) => reference);
  return [...byReference].map(([reference, held]) => ({
    reference,
    serviceNames: held.map(([service]) => service).sort(),
  }));
}

/** @returns null: its minutes are gone, and nothing was frozen of them: cannot say */
async function judgeSystem(
  { client, ...deps }: DetectDriftDeps,
  { reference, serviceNames }: ReferredSystem,
  nowMs: number,
): Promise<{ readonly findings: Finding[]; readonly fromMs: number } | null> {
  const kept = await readReferenceLevels(client, reference.id, serviceNames);
  const isHere = reference.fromMs >= nowMs - KEPT_MS;
  const isFreezing = isHere && (kept === null || kept.edition < LEVELS_EDITION);
  if (kept === null && !isFreezing) return null;
  const reach = isFreezing
    ? { fromMs: reference.fromMs, judgedFromMs: reference.untilMs }
    : reachOf(reference, nowMs);
  const history = await readSystemHistory(client, {
    serviceNames,
    unsampledNames: deps.unsampledNames(),
    intent: deps.intent(),
    fromMs: reach.fromMs,
    recordsFromMs: reference.fromMs,
    untilMs: nowMs - SETTLED_AFTER_MS,
  });
  const untilMinute = Math.round((reach.judgedFromMs - history.startMs) / MINUTE_MS);
  const minutes = Math.round((reference.untilMs - reference.fromMs) / MINUTE_MS);
  const view = viewSystem(
    history,
    { fromMinute: untilMinute - minutes, untilMinute },
    {
      numbers: await readReferenceNumbers(client, reference.id),
      levels: isFreezing ? null : (kept?.levels ?? null),
      isFreezing,
      endedMinute: Math.round((reference.untilMs - history.startMs) / MINUTE_MS),
    },
  );
  const findings = findIn(view, reference);
  if (isFreezing) {
    await insertReferenceLevels(
      client,
      { id: reference.id, serviceNames, frozenAtMs: nowMs },
      { edition: LEVELS_EDITION, levels: view.levels },
    );
  }
  return { findings, fromMs: reach.judgedFromMs };
}

/**
 * The minutes that are read: those since the accepted period that are judged, and some before. Both begin at the time of
 * day at which the accepted period began or ended, so that hours and days are the same ones in every tick.
 */
function reachOf({ fromMs, untilMs }: AcceptedReference, nowMs: number) {
  const daysAgo = Math.ceil((nowMs - JUDGED_MS - untilMs) / DAY_MS);
  const judgedFromMs = untilMs + Math.max(0, daysAgo) * DAY_MS;
  const days = Math.max(0, Math.floor((judgedFromMs - BEFORE_MS - fromMs) / DAY_MS));
  return { fromMs: fromMs + days * DAY_MS, judgedFromMs };
}

/** What is found in a history whose accepted period lies in it. */
export function findDrift(history: SystemHistory, reference: AcceptedReference): Finding[] {
  const minuteOf = (timeMs: number) => Math.round((timeMs - history.startMs) / MINUTE_MS);
  const accepted = { fromMinute: minuteOf(reference.fromMs), untilMinute: minuteOf(reference.untilMs) };
  return findIn(viewSystem(history, accepted), reference);
}

function findIn(view: SystemView, reference: AcceptedReference): Finding[] {
  const { history } = view;
  return groupEpisodes(detectDrift(view), history.edges).flatMap(({ lead, others }) =>
    [lead, ...others].map((episode) => {
      const finding = findingOfEpisode(episode, { history, groupLead: lead });
      return { ...finding, evidence: { ...finding.evidence, reference: reference.id } };
    }),
  );
}

/** What began before all that is judged shows within it as if it began there: it is told under the name it has. */
function continued(
  findings: readonly Finding[],
  open: ReadonlyMap<string, Finding>,
  judgedFromMs: number,
): Finding[] {
  const isFound = new Set(findings.map(({ id }) => id));
  const older = [...open.values()].filter(
    ({ id, detectedAtMs }) => detectedAtMs < judgedFromMs && !isFound.has(id),
  );
  const names = new Map<string, Finding>();
  for (const last of older) {
    const next = findings.find(
      (one) =>
        one.kind === last.kind && one.subject === last.subject && !names.has(one.id) && !open.has(one.id),
    );
    if (next !== undefined) names.set(next.id, last);
  }
  return findings.map((finding) => {
    const lead = finding.evidence['groupLeadId'];
    const groupLeadId = (typeof lead === 'string' && names.get(lead)?.id) || lead;
    const last = names.get(finding.id);
    if (last === undefined) return { ...finding, evidence: { ...finding.evidence, groupLeadId } };
    const { id, onsetAtMs, detectedAtMs } = last;
    const confirmedAt = last.evidence['confirmedAt'] ?? finding.evidence['confirmedAt'];
    const state = finding.state === 'suspect' && confirmedAt !== null ? 'confirmed' : finding.state;
    return {
      ...finding,
      ...{ id, onsetAtMs, detectedAtMs, state },
      evidence: { ...finding.evidence, groupLeadId, confirmedAt },
    };
  });
}

/** What people closed is not found again while it goes on as it was; what has doubled since is found anew. */
function notClosedByPeople(
  found: readonly Finding[],
  of: { closes: Closes; isOpen: (id: string) => boolean },
): Finding[] {
  const ids = new Set(found.map(({ id }) => id));
  const gone = [...of.closes.values()].filter(({ findingId }) => !ids.has(findingId.replace(/~\d+$/, '')));
  const said = new Map<string, Finding>();
  for (const finding of found) {
    // Data that came late move an episode, and with it its id; it is still what the person closed.
    const moved = gone.find(
      ({ kind, subject, metric, atMs }) =>
        finding.state !== 'closed' &&
        kind === finding.kind &&
        subject === finding.subject &&
        metric === finding.effect.metric &&
        finding.detectedAtMs <= atMs,
    );
    const one = afterCloses({ ...finding, id: moved?.findingId ?? finding.id }, of);
    if (one !== null) said.set(finding.id, one);
  }
  return [...said.values()].map((finding) => {
    const leadId = String(finding.evidence['groupLeadId']);
    const groupLeadId = said.get(leadId)?.id ?? leadId;
    return { ...finding, evidence: { ...finding.evidence, groupLeadId } };
  });
}

/** What was found against a reference and is not closed, by id; what a person closed meanwhile is written so. */
async function readOpen(
  client: ClickHouseClient,
  closes: Closes,
  nowMs: number,
): Promise<Map<string, Finding>> {
  const findings = await Promise.all(OPEN_STATES.map((state) => readFindings(client, { state })));
  const mine = findings.flat().filter(({ evidence }) => typeof evidence['reference'] === 'string');
  const open = new Map(mine.map((finding) => [finding.id, finding]));
  for (const finding of mine) {
    const close = closes.get(finding.id);
    if (close === undefined) continue;
    await writeFinding(client, closedByPerson(finding, close), nowMs);
    open.delete(finding.id);
  }
  return open;
}

/**
 * A newer reference is a person's word that this is normal now. A suspicion that its own data no longer bear out is
 * withdrawn; what was confirmed stays open, and so does everything whose reference is silent: missing data resolve nothing.
 */
function notFoundAgain(
  last: Finding,
  of: {
    readonly inForce: ReadonlyMap<string, AcceptedReference>;
    readonly judgedFrom: ReadonlyMap<string, number>;
    readonly nowMs: number;
  },
): Finding {
  const [service = ''] = last.subject.split('->');
  const reference = of.inForce.get(service);
  const close = (code: string, text: string): Finding => ({
    ...last,
    state: 'closed',
    closedAtMs: of.nowMs,
    reasons: [{ code, text }],
  });
  if (reference !== undefined && reference.id !== last.evidence['reference']) {
    const { acceptedBy, reason, id } = reference;
    return close('ACCEPTED_AS_NORMAL', `${acceptedBy} accepted a newer reference (${id}): ${reason}`);
  }
  const judgedFromMs = reference && of.judgedFrom.get(reference.id);
  const isInReach = judgedFromMs !== undefined;
  if (isInReach && typeof last.evidence['confirmedAt'] !== 'string') {
    return close('WITHDRAWN', 'Data that came since do not bear the suspicion out.');
  }
  // Confirmed before all that is judged, and nothing shows that it is over.
  if (isInReach && last.detectedAtMs < judgedFromMs) return last;
  const text = isInReach
    ? 'Data that came late tell another story than those it was confirmed by; somebody has to look.'
    : 'Its reference was taken back, or nothing was kept of its period, which is older than the rollups of 30 days. Accept a reference: plumbline reference propose.';
  return { ...last, state: 'cannot-say', reasons: [{ code: 'REFERENCE_SILENT', text }] };
}
