import type { ClickHouseClient } from '@clickhouse/client';
import { afterCloses, asBeforeClose, type Closes, closedByPerson } from '../core/close-by-person.ts';
import type { IntentTarget, StabilisedBadRule } from '../core/expectation.ts';
import type { Finding } from '../core/finding.ts';
import { rfc3339 } from '../core/time.ts';
import { detectStabilisedBadState, stepMsOf } from '../detectors/stabilised-bad-state.ts';
import { readCloses } from '../store/finding-acts.ts';
import { readClosedByPeople, readFindings, writeFinding } from '../store/findings.ts';
import { findingDiffers } from './finding-differs.ts';
import { refreshSeries, type SeriesMemory, type SeriesWanted } from './series-memory.ts';

/** How far back a good reference is looked for, from the onset of what is open. */
const REFERENCE_MS = 86_400_000;
const LOOK_BACK_MS_MAX = 7 * 86_400_000;
/** A closed finding is needed for as long as late spans may make it look open again. */
const CLOSED_MAX = 200;
const OPEN_STATES = ['suspect', 'confirmed', 'cannot-say'] as const;

/** What one judge remembers between ticks; only speed depends on it. */
export interface DetectMemory {
  readonly series: SeriesMemory;
}

export interface DetectDeps {
  readonly client: ClickHouseClient;
  readonly intents: () => readonly IntentTarget[];
  readonly rule: (serviceName: string) => StabilisedBadRule;
  /** Services of which people declare that nothing samples them. */
  readonly unsampledNames: () => ReadonlySet<string>;
  readonly memory: DetectMemory;
}

export function newDetectMemory(): DetectMemory {
  return { series: new Map() };
}

/**
 * One tick: holds every service with an intent against it and writes the findings that changed. What was found before
 * is read from the store each time, so neither a restart nor a second judge finds anything twice.
 * @returns open findings, and those closed by this tick
 * @throws PipelineError store_unavailable; the next tick tries again
 */
export async function detect(deps: DetectDeps, nowMs: number): Promise<Finding[]> {
  const closes = await readCloses(deps.client);
  const { findings, closed } = await readLastFindings(deps.client, closes, nowMs);
  const intents = deps.intents();
  const unsampledNames = deps.unsampledNames();
  const wanted = intents.map((intent) =>
    seriesFor(intent, { rule: deps.rule, unsampledNames, findings, nowMs }),
  );
  const series = await refreshSeries(deps.memory.series, { client: deps.client, wanted, nowMs });
  const told: Finding[] = [];
  for (const [i, intent] of intents.entries()) {
    const previous = findings.get(keyOf(intent)) ?? null;
    const rule = deps.rule(intent.serviceName);
    const found = detectStabilisedBadState({ series: series[i] ?? [], intent, rule, nowMs, previous });
    const closedOne = closed.get(keyOf(intent));
    const said =
      found === null ? null : afterCloses(found, { closes, isOpen: () => closedOne === undefined });
    if (said !== null) told.push(said);
    else if (closedOne !== undefined && found?.state === 'closed')
      await writeFinding(deps.client, recovered(closedOne, nowMs), nowMs);
  }
  told.push(...withdrawn(findings, intents).filter((finding) => !closed.has(keyOfFinding(finding))));
  for (const finding of told) {
    const last = findings.get(keyOfFinding(finding));
    if (last === undefined || findingDiffers(last, finding)) await writeFinding(deps.client, finding, nowMs);
  }
  return told;
}

function keyOf({ serviceName, constraint }: { serviceName: string; constraint: string }): string {
  return `${serviceName}\u001f${constraint}`;
}

function keyOfFinding(finding: Finding): string {
  const intent = finding.evidence['intent'] as { constraint?: string } | undefined;
  return keyOf({ serviceName: finding.subject, constraint: intent?.constraint ?? '' });
}

interface LastFindings {
  /** The last finding of each service and intent, open or closed; one that a person closed as it was before. */
  readonly findings: ReadonlyMap<string, Finding>;
  /** Those of them that a person closed, and that are followed until they recover: they are not found again meanwhile. */
  readonly closed: ReadonlyMap<string, Finding>;
}

async function readLastFindings(
  client: ClickHouseClient,
  closes: Closes,
  nowMs: number,
): Promise<LastFindings> {
  const [closed, byPeople, ...open] = await Promise.all([
    readFindings(client, { state: 'closed', limit: CLOSED_MAX }),
    readClosedByPeople(client),
    // By themselves: many closed ones that are newer must not push them out.
    ...OPEN_STATES.map((state) => readFindings(client, { state })),
  ]);
  const mine = [...closed, ...byPeople, ...open.flat()].filter(
    (finding) => finding.kind === 'stabilised-bad-state' && finding.evidence['intent'] !== undefined,
  );
  // Of one onset the one found last has the longer id: it goes on where a person had closed the one before.
  const newestLast = mine.sort((a, b) => a.onsetAtMs - b.onsetAtMs || a.id.length - b.id.length);
  const last = new Map(newestLast.map((finding) => [keyOfFinding(finding), finding]));
  const followed = new Map<string, Finding>();
  for (const [key, finding] of last) {
    const close = closes.get(finding.id);
    if (close === undefined || finding.evidence['recoveredAt'] !== undefined) continue;
    const wasOpen = finding.state !== 'closed';
    const closedOne = wasOpen ? closedByPerson(finding, close) : finding;
    if (wasOpen) await writeFinding(client, closedOne, nowMs);
    else if (finding.evidence['closedBy'] === undefined) continue; // it had recovered when the person closed it
    followed.set(key, closedOne);
    last.set(key, asBeforeClose(closedOne));
  }
  return { findings: last, closed: followed };
}

/** From now on the same is found anew. */
function recovered(closedOne: Finding, nowMs: number): Finding {
  return { ...closedOne, evidence: { ...closedOne.evidence, recoveredAt: rfc3339(nowMs) } };
}

function seriesFor(
  intent: IntentTarget,
  of: {
    rule: DetectDeps['rule'];
    unsampledNames: ReadonlySet<string>;
    findings: ReadonlyMap<string, Finding>;
    nowMs: number;
  },
): SeriesWanted {
  const previous = of.findings.get(keyOf(intent));
  const anchorMs = previous !== undefined && previous.state !== 'closed' ? previous.onsetAtMs : of.nowMs;
  const stepMs = stepMsOf(of.rule(intent.serviceName));
  const fromMs = Math.max(of.nowMs - LOOK_BACK_MS_MAX, anchorMs - REFERENCE_MS);
  const { serviceName } = intent;
  const isUnsampled = of.unsampledNames.has(serviceName);
  return { serviceName, stepMs, fromMs: Math.floor(fromMs / stepMs) * stepMs, isUnsampled };
}

/** Nobody can say how what people no longer ask for goes on; that alone closes nothing. */
function withdrawn(findings: ReadonlyMap<string, Finding>, intents: readonly IntentTarget[]): Finding[] {
  const inForce = new Set(intents.map(keyOf));
  return [...findings]
    .filter(([key, finding]) => !inForce.has(key) && finding.state !== 'closed')
    .map(([, finding]) => ({
      ...finding,
      state: 'cannot-say',
      reasons: [
        {
          code: 'INTENT_WITHDRAWN',
          text: 'No constraint in force holds this intent any more, so whether it is met is not looked at.',
        },
      ],
    }));
}
