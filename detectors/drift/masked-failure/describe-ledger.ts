import type { DriftEpisode } from '../../../core/drift-episode.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { effectOf, type LedgerRow, ledgerRow } from './describe-entries.ts';
import { alarmP, type JudgedEntry, outsideSince } from './judge-entry.ts';
import { STEP_MINUTES } from './ledger-entry.ts';
import { MASK_RULES } from './mask-kind.ts';

/** Who acted on what is masked within so long before it began may have to do with it. */
const ACTED_BEFORE_MINUTES = 1440;

interface Found {
  /** What alarmed. */
  readonly alarm: JudgedEntry;
  /** With what belongs to it. */
  readonly entries: readonly JudgedEntry[];
  readonly subject: string;
  readonly view: SystemView;
  readonly step: number;
}

/** An episode as it is known at a step; nothing later is looked at. */
export function describeLedger({ alarm, entries, subject, view, step }: Found): {
  readonly episode: DriftEpisode;
  readonly fromStep: number;
} {
  const since = new Map(entries.map((entry) => [entry, Math.min(outsideSince(entry, step), step - 1)]));
  const fromStep = Math.min(...since.values());
  const window = { fromStep: since.get(alarm) as number, untilStep: step };
  const effect = effectOf(alarm, view, window);
  const rows = entries.map((entry) => ledgerRow(entry, since.get(entry) as number, step));
  const users = usersOf(view, fromStep * STEP_MINUTES, step * STEP_MINUTES);
  const minutes = { from: fromStep * STEP_MINUTES, until: step * STEP_MINUTES };
  const rule = MASK_RULES[alarm.mask];
  const touched = new Set(entries.flatMap(({ services }) => services));
  const acted = view.history.actions.filter(
    ({ minute, service }) =>
      touched.has(service) &&
      minute >= Math.max(view.accepted.untilMinute, minutes.from - ACTED_BEFORE_MINUTES) &&
      minute < minutes.until,
  );
  const p = alarmP(alarm, step) ?? 1;
  return {
    fromStep,
    episode: {
      kind: 'masked-failure',
      subject,
      culprit: null,
      onsetMinute: minutes.from,
      detectedMinute: minutes.until,
      confirmedMinute: null,
      closedMinute: null,
      effect: { metric: `${alarm.mask} share of ${alarm.where}`, ...effect },
      confidence: Math.min(0.99, 1 - p),
      hiddenBy: [...new Set(entries.map(({ mask }) => MASK_RULES[mask].hiddenBy))],
      actors: [...new Set(acted.map(({ actor }) => actor))],
      decisions: [...new Set(acted.flatMap(({ decisionId }) => decisionId ?? []))],
      reasons: [
        ...rows.map((row, i) => ({
          code: `masked_${row.mask.replaceAll('-', '_')}`,
          text: rowText(row, entries[i] as JudgedEntry, view.history.startMs),
        })),
        {
          code: 'how_sure',
          text: `A chance of ${p < 1e-9 ? 'less than 1e-9' : p.toPrecision(1)} to see this if it were no more than the accepted period allows.`,
        },
        { code: 'what_to_do', text: `${subject}: ${rule.advice}.` },
      ],
      evidence: {
        ledger: rows,
        visible: users,
        nakedSuccessRatio:
          users === null
            ? null
            : Math.max(0, users.successRatio - maskedPerRequest(entries, users.requests, fromStep, step)),
        reserve: reserveOf(entries, view, minutes.until),
      },
      falsifiedBy: `${alarm.where} back below ${percent(alarm.limit)} with the mask switched off, or a person who says that this much of it is wanted`,
    },
  };
}

function rowText(row: LedgerRow, entry: JudgedEntry, startMs: number): string {
  const since = new Date(startMs + row.sinceMinute * 60_000).toISOString().slice(0, 16).replace('T', ' ');
  const { says } = MASK_RULES[entry.mask];
  return entry.kind === 'events'
    ? `${row.where}: ${says}: ${row.masked} times since ${since}, ${Math.round(entry.reference.masked)} times in the whole accepted period.`
    : `${row.where}: ${says}: ${percent(row.maskedRatio)} since ${since}, ${percent(row.referenceRatio)} in the accepted period.`;
}

function percent(ratio: number): string {
  return `${Number((100 * ratio).toPrecision(2))} %`;
}

function usersOf({ history: { users } }: SystemView, fromMinute: number, untilMinute: number) {
  if (users === null) return null;
  let [requests, ok] = [0, 0];
  for (let minute = fromMinute; minute < untilMinute; minute++) {
    if (Number.isNaN((users.requests[minute] as number) + (users.ok[minute] as number))) continue;
    requests += users.requests[minute] as number;
    ok += users.ok[minute] as number;
  }
  return requests > 0 ? { requests, failed: requests - ok, successRatio: ok / requests } : null;
}

/** Hidden failures a request of users: each is counted where it is hidden most, so that one is not counted twice. */
function maskedPerRequest(
  entries: readonly JudgedEntry[],
  requests: number,
  fromStep: number,
  untilStep: number,
): number {
  const counts = entries
    .filter(({ kind, mask }) => kind === 'share' && mask !== 'lost-endpoint')
    .map((entry) => ledgerRow(entry, fromStep, untilStep).masked);
  return Math.max(0, ...counts) / requests;
}

/** What is left before users would see it. */
function reserveOf(entries: readonly JudgedEntry[], { history }: SystemView, minute: number) {
  const services = [...new Set(entries.flatMap((entry) => entry.services))];
  return services.map((service) => {
    const { replicas, replicasReady, replicasMax } = history.services.get(service)?.series ?? {};
    const last = (values?: Float64Array) => values?.[minute - 1] ?? null;
    return { service, replicas: last(replicas), ready: last(replicasReady), max: last(replicasMax) };
  });
}
