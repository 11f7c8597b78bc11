import type { RecordedChange } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { calleeEntries } from './callee-entries.ts';
import { callerSteps, edgeEntries } from './edge-entries.ts';
import { type JudgedEntry, judgedEntry } from './judge-entry.ts';
import { type LedgerEntry, STEP_MINUTES } from './ledger-entry.ts';
import { serviceEntries } from './service-entries.ts';

/** What was announced gets so long to settle; what is still masked after that was not announced. */
const SETTLE_MINUTES = 360;

/** Everything that hides failures in a system and of which the accepted period says what is normal. */
export function buildLedger(view: SystemView): JudgedEntry[] {
  const { history, accepted } = view;
  const callers = new Set(history.edges.map(({ from }) => from));
  const masks = history.masks ?? [];
  const byCallee = (service: string) => {
    const own = masks.filter(({ from }) => from === service);
    const told = new Set<'retries' | 'breakerOpen'>();
    // What callers saw on each edge says more: whose attempts fail.
    if (callers.has(service) || own.some(({ series }) => series.retries)) told.add('retries');
    if (own.some(({ series }) => series.breakerOpen)) told.add('breakerOpen');
    return told;
  };
  const announced = history.changes.filter(
    ({ expects, minute }) => expects !== null && minute >= accepted.untilMinute,
  );
  return [
    ...[...history.services.values()].flatMap((service) => serviceEntries(service, byCallee(service.name))),
    ...masks.flatMap((mask) => calleeEntries(mask, history.services.get(mask.from))),
    ...edgesOf(view),
  ].flatMap((entry) => judgedEntry(settled(entry, announced), view) ?? []);
}

/** What a caller answered is summed once for all its edges. */
function edgesOf(view: SystemView): LedgerEntry[] {
  const byCaller = Map.groupBy(view.history.edges, ({ from }) => from);
  return [...byCaller].flatMap(([from, edges]) => {
    const caller = callerSteps(view.history.services.get(from));
    return edges.flatMap((edge) => edgeEntries(edge, caller, view));
  });
}

function settled(entry: LedgerEntry, announced: readonly RecordedChange[]): LedgerEntry {
  const own = announced.filter(({ service }) => entry.services.includes(service));
  if (own.length === 0) return entry;
  const masked = entry.masked.slice();
  for (const { minute } of own) {
    masked.fill(
      Number.NaN,
      Math.floor(minute / STEP_MINUTES),
      Math.ceil((minute + SETTLE_MINUTES) / STEP_MINUTES),
    );
  }
  return { ...entry, masked };
}
