import type { ClickHouseClient } from '@clickhouse/client';
import type { AcceptedReference } from '../../core/accepted-reference.ts';
import { CANARY_SERVICE } from '../../core/canary-service.ts';
import { hasCode, PipelineError } from '../../core/errors.ts';
import type { Finding } from '../../core/finding.ts';
import type { Signal } from '../../core/signal.ts';
import type { ConstraintSet } from '../../gates/constraints/constraint-set.ts';
import { unsampledServices } from '../../gates/constraints/constraints.ts';
import { designIntentOf } from '../../gates/constraints/design-intent-of.ts';
import { findDrift } from '../../jobs/detect-drift.ts';
import { insertDecisions } from '../../store/decisions.ts';
import { readServiceNames } from '../../store/tallies/read-service-names.ts';
import { readSystemHistory } from '../../store/tallies/read-system-history.ts';
import { fileArrivals, type Unreadable } from './file-arrivals.ts';
import { mergeArrivals } from './merge-arrivals.ts';
import { readLedgerFile } from './read-ledger-file.ts';
import type { Period } from './reference-period.ts';
import { RowStore, type SignalCount } from './row-store.ts';

/** An item that is older than this when it comes says nothing of when the recording began. */
const LATE_MS_MAX = 86_400_000;
/** Of each file so many are told in full; all are counted. */
const UNREADABLE_TOLD_MAX = 20;

export interface ReplayOf {
  readonly files: readonly string[];
  /** Segments of a ledger: what gates decided meanwhile. */
  readonly ledgers: readonly string[];
  readonly sets: readonly ConstraintSet[];
  /** null: nothing says what is normal, and nothing is held against it. */
  readonly reference: ((firstItemMs: number) => Period) | null;
}

export interface Replayed {
  readonly signals: Readonly<Record<Signal, SignalCount>>;
  /** Of its files; the first of each file. */
  readonly unreadable: readonly Unreadable[];
  readonly unreadableCount: number;
  readonly decisionCount: number;
  /** What is covered: from the first item to the last; null when there was none. */
  readonly covers: Period | null;
  readonly reference: Period | null;
  readonly serviceNames: readonly string[];
  readonly findings: readonly Finding[];
}

/**
 * Lives through recorded telemetry in virtual time: every request is stored as if it came when its newest item happened, and
 * the whole is then held against the reference at once. Detectors are causal: each finding has the minute of which on a live
 * judge would have known it.
 * @param store an empty one; its folder is read by the engine
 * @throws PipelineError request_invalid, store_unavailable, store_refused
 */
export async function replay(
  { client, folder }: { readonly client: ClickHouseClient; readonly folder: string },
  { files, ledgers, sets, reference }: ReplayOf,
): Promise<Replayed> {
  const told = new Map<string, Unreadable[]>();
  let unreadableCount = 0;
  const onUnreadable = (unreadable: Unreadable) => {
    unreadableCount++;
    const ofFile = told.get(unreadable.file) ?? [];
    told.set(unreadable.file, ofFile);
    if (ofFile.length < UNREADABLE_TOLD_MAX) ofFile.push(unreadable);
  };
  const rows = new RowStore(client, folder);
  const covered = { fromMs: Number.POSITIVE_INFINITY, untilMs: Number.NEGATIVE_INFINITY };
  for await (const arrival of mergeArrivals(files.map((file) => fileArrivals(file, onUnreadable)))) {
    try {
      await rows.add(arrival);
    } catch (error) {
      if (!hasCode(error, 'otlp_malformed')) throw error;
      onUnreadable({ file: arrival.file, place: arrival.place, why: (error as Error).message });
      continue;
    }
    const { receivedAtMs } = arrival;
    const oldestMs = arrival.message.times?.oldestMs ?? receivedAtMs;
    if (oldestMs >= receivedAtMs - LATE_MS_MAX) covered.fromMs = Math.min(covered.fromMs, oldestMs);
    covered.untilMs = Math.max(covered.untilMs, receivedAtMs);
  }
  await rows.finish();
  const decisions = ledgers.flatMap((file) => readLedgerFile(file, onUnreadable));
  await insertDecisions(client, decisions);
  const covers = covered.untilMs >= covered.fromMs ? covered : null;
  const period = covers === null ? null : (reference?.(covers.fromMs) ?? null);
  const found = covers === null || period === null ? null : await detect(client, { sets, period, covers });
  return {
    signals: rows.counts,
    unreadable: [...told.values()].flat(),
    unreadableCount,
    decisionCount: decisions.length,
    covers,
    reference: period,
    serviceNames: found?.serviceNames ?? [],
    findings: found?.findings ?? [],
  };
}

async function detect(
  client: ClickHouseClient,
  { sets, period, covers }: { sets: readonly ConstraintSet[]; period: Period; covers: Period },
): Promise<{ serviceNames: string[]; findings: Finding[] }> {
  if (period.fromMs >= covers.untilMs || period.untilMs <= covers.fromMs) {
    const text = 'The reference lies outside of what the files cover: nothing of it is known.';
    throw new PipelineError('request_invalid', text);
  }
  const names = (await readServiceNames(client, period)).filter((name) => name !== CANARY_SERVICE);
  const history = await readSystemHistory(client, {
    serviceNames: names,
    unsampledNames: unsampledServices(sets),
    intent: designIntentOf(sets),
    fromMs: period.fromMs,
    untilMs: covers.untilMs,
  });
  return { serviceNames: names, findings: findDrift(history, acceptedBy(names, period)) };
}

function acceptedBy(held: readonly string[], period: Period): AcceptedReference {
  return {
    id: 'replay',
    services: [],
    held,
    ...period,
    acceptedBy: '--reference',
    reason: 'as the replay was told',
    acceptedAtMs: period.untilMs,
    hash: '',
    revoked: null,
  };
}
