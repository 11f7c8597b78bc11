import type { EdgeHistory, ServiceHistory } from '../../../core/system-history.ts';
import type { AcceptedPeriod, SystemView } from '../../equal-load/system-view.ts';
import { type LedgerEntry, STEP_MINUTES } from './ledger-entry.ts';
import { sumSteps } from './sum-steps.ts';

/** What a caller answered by step; null: not told. */
interface CallerSteps {
  readonly failed: Float64Array | null;
  /** Neither turned away nor failed. */
  readonly answered: Float64Array;
}

export function callerSteps(caller: ServiceHistory | undefined): CallerSteps | null {
  const { requests, errors } = caller?.series ?? {};
  if (requests === undefined) return null;
  const { masked, outOf } = sumSteps(errors ?? new Float64Array(requests.length), requests);
  return {
    failed: errors === undefined ? null : masked,
    answered: outOf.map((n, i) => n - (masked[i] as number)),
  };
}

/** What callers saw shows masks for which there is no convention. */
export function edgeEntries(edge: EdgeHistory, caller: CallerSteps | null, view: SystemView): LedgerEntry[] {
  const { calls, attempts, failures, from, to } = edge;
  const base = { where: `${from}->${to}`, services: [from, to] };
  const retried = attempts.map((n, i) => Math.max(0, n - (calls[i] as number)));
  const entries: LedgerEntry[] = [{ ...base, mask: 'retry', masked: retried, outOf: calls }];
  if (caller === null) return entries;
  const { failed, answered } = caller;
  if (failed !== null) {
    // Each failed attempt is made again or is the call's failure; of those the caller shows its own users some.
    const absorbed = failures.map((n, i) =>
      Math.max(0, n - (retried[i] as number) - (failed[i] ?? Number.NaN)),
    );
    entries.push({ ...base, mask: 'absorbed', masked: absorbed, outOf: calls });
  }
  // What was turned away or failed had no time to call: that hides nothing.
  const usual = view.frozen(`calls a request of ${base.where}`, (accepted) =>
    usualCalls(calls, answered, accepted),
  );
  if (usual !== null) {
    const [made, asked] = usual;
    const expected = Float64Array.from(calls, (_, step) => ((answered[step] ?? Number.NaN) * made) / asked);
    const missing = expected.map((n, i) => Math.max(0, n - (calls[i] as number)));
    entries.push({ ...base, mask: 'not-called', masked: missing, outOf: expected });
  }
  return entries;
}

/** How many calls so many requests of the caller made in the accepted period. @returns null where there were none */
function usualCalls(
  calls: Float64Array,
  requests: Float64Array,
  accepted: AcceptedPeriod,
): readonly [number, number] | null {
  let [made, asked] = [0, 0];
  const end = Math.min(Math.floor(accepted.untilMinute / STEP_MINUTES), requests.length, calls.length);
  for (let step = Math.ceil(accepted.fromMinute / STEP_MINUTES); step < end; step++) {
    const [c, r] = [calls[step] as number, requests[step] as number];
    if (Number.isNaN(c + r)) continue;
    made += c;
    asked += r;
  }
  return made > 0 && asked > 0 ? [made, asked] : null;
}
