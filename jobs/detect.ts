import type { ClickHouseClient } from '@clickhouse/client';
import type { IntentTarget, StabilisedBadRule } from '../core/expectation.ts';
import type { Finding } from '../core/finding.ts';
import { detectStabilisedBadState, stepMsOf } from '../detectors/stabilised-bad-state.ts';
import { readFindings, writeFinding } from '../store/findings.ts';
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
  const findings = await readLastFindings(deps.client);
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
    if (found !== null) told.push(found);
  }
  told.push(...withdrawn(findings, intents));
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

/** The last finding of each service and intent, open or closed. */
async function readLastFindings(client: ClickHouseClient): Promise<Map<string, Finding>> {
  const [closed, ...open] = await Promise.all([
    readFindings(client, { state: 'closed', limit: CLOSED_MAX }),
    // By themselves: many closed ones that are newer must not push them out.
    ...OPEN_STATES.map((state) => readFindings(client, { state })),
  ]);
  const mine = [...closed, ...open.flat()].filter(
    (finding) => finding.kind === 'stabilised-bad-state' && finding.evidence['intent'] !== undefined,
  );
  const newestLast = mine.sort((a, b) => a.onsetAtMs - b.onsetAtMs);
  return new Map(newestLast.map((finding) => [keyOfFinding(finding), finding]));
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
