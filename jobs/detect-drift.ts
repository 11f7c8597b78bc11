import type { ClickHouseClient } from '@clickhouse/client';
import type { AcceptedReference } from '../core/accepted-reference.ts';
import { afterCloses, type Closes, closedByPerson } from '../core/close-by-person.ts';
import type { Finding } from '../core/finding.ts';
import { referencesInForce } from '../core/references-in-force.ts';
import type { DesignIntent, SystemHistory } from '../core/system-history.ts';
import { detectDrift } from '../detectors/detect-drift.ts';
import { viewSystem } from '../detectors/equal-load/system-view.ts';
import { findingOfEpisode } from '../detectors/finding-of-episode.ts';
import { groupEpisodes } from '../detectors/group-episodes.ts';
import { readReferences } from '../store/accepted-references.ts';
import { readCloses } from '../store/finding-acts.ts';
import { readFindings, writeFinding } from '../store/findings.ts';
import { readSystemHistory } from '../store/tallies/read-system-history.ts';
import { findingDiffers } from './finding-differs.ts';

const MINUTE_MS = 60_000;
/** Minutes may still grow this long after their end. */
const SETTLED_AFTER_MS = 2 * MINUTE_MS;
/** As long as rollups are kept: of an older reference the accepted minutes are gone. */
const KEPT_MS = 30 * 86_400_000;
const OPEN_STATES = ['suspect', 'confirmed', 'cannot-say'] as const;

export interface DetectDriftDeps {
  readonly client: ClickHouseClient;
  readonly intent: () => DesignIntent;
  readonly unsampledNames: () => ReadonlySet<string>;
}

/**
 * One tick: holds every service that has a reference in force against it, and writes what changed. All is computed anew
 * from the rollups since the accepted period began, so neither a restart nor a second judge finds anything twice.
 * @returns open findings, and those closed by this tick
 * @throws PipelineError store_unavailable; the next tick tries again
 */
export async function detectDriftOf(deps: DetectDriftDeps, nowMs: number): Promise<Finding[]> {
  const inForce = referencesInForce(await readReferences(deps.client));
  const closes = await readCloses(deps.client);
  const open = await readOpen(deps.client, closes, nowMs);
  const all: Finding[] = [];
  for (const { reference, serviceNames } of systemsOf(inForce)) {
    if (reference.fromMs < nowMs - KEPT_MS) continue;
    const history = await readSystemHistory(deps.client, {
      serviceNames,
      unsampledNames: deps.unsampledNames(),
      intent: deps.intent(),
      fromMs: reference.fromMs,
      untilMs: nowMs - SETTLED_AFTER_MS,
    });
    all.push(...findDrift(history, reference));
  }
  const found = notClosedByPeople(all, { closes, isOpen: (id) => open.has(id) });
  const seen = new Set(found.map(({ id }) => id));
  const gone = [...open.values()].filter(({ id }) => !seen.has(id));
  const told = [
    ...found.filter(({ state, id }) => state !== 'closed' || open.has(id)),
    ...gone.map((last) => notFoundAgain(last, { inForce, nowMs })),
  ];
  for (const finding of told) {
    const last = open.get(finding.id);
    if (last === undefined || findingDiffers(last, finding)) await writeFinding(deps.client, finding, nowMs);
  }
  return told;
}

/** Services that one reference counts for are one system: who calls whom matters. */
function systemsOf(
  inForce: ReadonlyMap<string, AcceptedReference>,
): { reference: AcceptedReference; serviceNames: string[] }[] {
  const byReference = Map.groupBy(inForce, ([, reference]) => reference);
  return [...byReference].map(([reference, held]) => ({
    reference,
    serviceNames: held.map(([service]) => service).sort(),
  }));
}

/** What is found in a history whose accepted period lies in it. */
export function findDrift(history: SystemHistory, reference: AcceptedReference): Finding[] {
  const minuteOf = (timeMs: number) => Math.round((timeMs - history.startMs) / MINUTE_MS);
  const accepted = { fromMinute: minuteOf(reference.fromMs), untilMinute: minuteOf(reference.untilMs) };
  const episodes = detectDrift(viewSystem(history, accepted));
  return groupEpisodes(episodes, history.edges).flatMap(({ lead, others }) =>
    [lead, ...others].map((episode) => {
      const finding = findingOfEpisode(episode, { history, groupLead: lead });
      return { ...finding, evidence: { ...finding.evidence, reference: reference.id } };
    }),
  );
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
  { inForce, nowMs }: { inForce: ReadonlyMap<string, AcceptedReference>; nowMs: number },
): Finding {
  const [service = ''] = last.subject.split('->');
  const reference = inForce.get(service);
  const close = (code: string, text: string): Finding => ({
    ...last,
    state: 'closed',
    closedAtMs: nowMs,
    reasons: [{ code, text }],
  });
  if (reference !== undefined && reference.id !== last.evidence['reference']) {
    const { acceptedBy, reason, id } = reference;
    return close('ACCEPTED_AS_NORMAL', `${acceptedBy} accepted a newer reference (${id}): ${reason}`);
  }
  const isInReach = reference !== undefined && reference.fromMs >= nowMs - KEPT_MS;
  if (isInReach && typeof last.evidence['confirmedAt'] !== 'string') {
    return close('WITHDRAWN', 'Data that came since do not bear the suspicion out.');
  }
  const text = isInReach
    ? 'Data that came late tell another story than those it was confirmed by; somebody has to look.'
    : 'Its reference was taken back, or its period is older than the rollups of 30 days. Accept a reference: plumbline reference propose.';
  return { ...last, state: 'cannot-say', reasons: [{ code: 'REFERENCE_SILENT', text }] };
}
