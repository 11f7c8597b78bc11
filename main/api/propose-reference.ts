import type { ClickHouseClient } from '@clickhouse/client';
import type { AcceptedReference, FrozenService, ReferenceContent } from '../../core/accepted-reference.ts';
import { CANARY_SERVICE } from '../../core/canary-service.ts';
import { PipelineError } from '../../core/errors.ts';
import { referencesInForce } from '../../core/references-in-force.ts';
import type { ServiceHistory } from '../../core/system-history.ts';
import { compareFrozen, type FrozenDifference } from '../../detectors/equal-load/compare-frozen.ts';
import { freezeServices } from '../../detectors/equal-load/freeze-services.ts';
import { type ReferenceWarning, warnOfReference } from '../../detectors/equal-load/warn-of-reference.ts';
import { canonicalJson } from '../../gates/canonical-json.ts';
import { hashText } from '../../gates/ledger-line.ts';
import { readReferenceNumbers, readReferences } from '../../store/accepted-references.ts';
import { readFindings } from '../../store/findings.ts';
import { readChanges, recordedChanges } from '../../store/tallies/read-changes.ts';
import { readServiceNames } from '../../store/tallies/read-service-names.ts';
import { readServiceHistories } from '../../store/tallies/read-system-history.ts';
import { readFailedData } from '../../store/verdicts.ts';

const MINUTE_MS = 60_000;
/** The reader's grid: edges are kept in steps of ten minutes. */
const GRID_MS = 600_000;
/** Data may still come this long after its time. */
const SETTLED_AFTER_MS = 600_000;
/** As long as rollups are kept. */
const KEPT_MS = 30 * 86_400_000;
/** About 100 services of two weeks: whoever asks waits for as long as they take to read. */
const SERVICE_MINUTES_MAX = 2_000_000;

export interface ReferenceAsked {
  /** Empty: all that answered anything. */
  readonly services: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What would be accepted, and what speaks against it. */
export interface ReferenceProposal {
  readonly content: ReferenceContent;
  readonly hash: string;
  readonly serviceNames: readonly string[];
  readonly warnings: readonly ReferenceWarning[];
  /** How it differs from what is in force, by service and metric. */
  readonly differences: ReadonlyMap<string, ReadonlyMap<string, FrozenDifference>>;
  readonly inForce: ReadonlyMap<string, AcceptedReference>;
}

/**
 * Freezes a period from the rollups; nothing is stored. The same data give the same hash.
 * @throws PipelineError request_invalid (a period that is not over, is gone or holds too much), store_unavailable
 */
export async function proposeReference(
  client: ClickHouseClient,
  asked: ReferenceAsked & { readonly unsampledNames: ReadonlySet<string> },
  nowMs: number,
): Promise<ReferenceProposal> {
  checkPeriod(asked, nowMs);
  const { fromMs, untilMs, unsampledNames } = asked;
  const services = [...new Set(asked.services)].sort();
  const serviceNames =
    services.length > 0
      ? services
      : (await readServiceNames(client, asked)).filter((name) => name !== CANARY_SERVICE);
  const minutes = (untilMs - fromMs) / MINUTE_MS;
  if (minutes * serviceNames.length > SERVICE_MINUTES_MAX) {
    const text = `${serviceNames.length} services over ${Math.round(minutes / 1_440)} days are more than can be shown at once: name services, or take a shorter period.`;
    throw new PipelineError('request_invalid', text);
  }
  const numbers: FrozenService[] = [];
  const changes = recordedChanges(await readChanges(client, asked), { startMs: fromMs, serviceNames });
  const versionCounts = new Map<string, number>();
  for (const name of serviceNames) {
    // One at a time: whoever asks the gate meanwhile waits for one service at most.
    const histories = await readServiceHistories(client, {
      serviceNames: [name],
      unsampledNames,
      fromMs,
      untilMs,
    });
    numbers.push(...freezeServices(histories.values(), minutes, changes));
    for (const history of histories.values()) versionCounts.set(name, countVersions(history));
  }
  const content = { services, fromMs, untilMs, numbers };
  const [findings, failedData, references] = await Promise.all([
    readFindings(client),
    readFailedData(client, asked),
    readReferences(client),
  ]);
  const inForce = referencesInForce(references);
  const period = { fromMs, untilMs, serviceNames, numbers, versionCounts, findings, failedData };
  return {
    content,
    hash: hashText(canonicalJson(content)),
    serviceNames,
    warnings: warnOfReference(period),
    differences: await differencesOf(client, numbers, inForce),
    inForce,
  };
}

function checkPeriod({ fromMs, untilMs }: ReferenceAsked, nowMs: number): void {
  const refuse = (text: string) => new PipelineError('request_invalid', text);
  if (fromMs % GRID_MS !== 0 || untilMs % GRID_MS !== 0) {
    throw refuse('from and until must lie on whole ten minutes, such as 2026-11-02T00:00:00.000Z.');
  }
  if (untilMs <= fromMs) throw refuse('until must be later than from.');
  if (untilMs > nowMs - SETTLED_AFTER_MS) {
    throw refuse('The period must have been over for ten minutes: its last data may still come.');
  }
  if (fromMs < nowMs - KEPT_MS) {
    throw refuse(
      'The rollups that a reference is made of are kept for 30 days: from must be later than that.',
    );
  }
}

function countVersions({ series: { version } }: ServiceHistory): number {
  return new Set(version?.filter((number) => !Number.isNaN(number))).size;
}

async function differencesOf(
  client: ClickHouseClient,
  numbers: readonly FrozenService[],
  inForce: ReadonlyMap<string, AcceptedReference>,
): Promise<Map<string, Map<string, FrozenDifference>>> {
  const known = new Map<string, readonly FrozenService[]>();
  const differences = new Map<string, Map<string, FrozenDifference>>();
  for (const { service, metrics } of numbers) {
    const reference = inForce.get(service);
    if (reference === undefined) continue;
    const frozen = known.get(reference.id) ?? (await readReferenceNumbers(client, reference.id));
    known.set(reference.id, frozen);
    const before = frozen.find((one) => one.service === service)?.metrics ?? [];
    const ofMetrics = metrics.flatMap((metric): [string, FrozenDifference][] => {
      const last = before.find((one) => one.metric === metric.metric);
      return last === undefined ? [] : [[metric.metric, compareFrozen(metric, last)]];
    });
    differences.set(service, new Map(ofMetrics));
  }
  return differences;
}
