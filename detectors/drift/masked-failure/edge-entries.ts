import type { EdgeHistory, ServiceHistory } from '../../../core/system-history.ts';
import type { AcceptedPeriod } from '../../equal-load/system-view.ts';
import { type LedgerEntry, STEP_MINUTES } from './ledger-entry.ts';
import { sumSteps } from './sum-steps.ts';

/** What callers saw shows masks for which there is no convention. */
export function edgeEntries(
  edge: EdgeHistory,
  caller: ServiceHistory | undefined,
  accepted: AcceptedPeriod,
): LedgerEntry[] {
  const { calls, attempts, failures, from, to } = edge;
  const base = { where: `${from}->${to}`, services: [from, to] };
  const retried = attempts.map((n, i) => Math.max(0, n - (calls[i] as number)));
  const { requests, errors } = caller?.series ?? {};
  const entries: LedgerEntry[] = [{ ...base, mask: 'retry', masked: retried, outOf: calls }];
  if (requests === undefined) return entries;
  const asked = sumSteps(errors ?? new Float64Array(requests.length), requests);
  if (errors !== undefined) {
    // Each failed attempt is made again or is the call's failure; of those the caller shows its own users some.
    const absorbed = failures.map((n, i) =>
      Math.max(0, n - (retried[i] as number) - (asked.masked[i] ?? Number.NaN)),
    );
    entries.push({ ...base, mask: 'absorbed', masked: absorbed, outOf: calls });
  }
  // What was turned away or failed had no time to call: that hides nothing.
  const answered = asked.outOf.map((n, i) => n - (asked.masked[i] as number));
  const expected = expectedCalls(calls, answered, accepted);
  if (expected !== null) {
    const missing = expected.map((n, i) => Math.max(0, n - (calls[i] as number)));
    entries.push({ ...base, mask: 'not-called', masked: missing, outOf: expected });
  }
  return entries;
}

/** By how often each request of the caller made the call in the accepted period. @returns null where it made none */
function expectedCalls(
  calls: Float64Array,
  requests: Float64Array,
  accepted: AcceptedPeriod,
): Float64Array | null {
  let [made, asked] = [0, 0];
  const end = Math.min(Math.floor(accepted.untilMinute / STEP_MINUTES), requests.length, calls.length);
  for (let step = Math.ceil(accepted.fromMinute / STEP_MINUTES); step < end; step++) {
    const [c, r] = [calls[step] as number, requests[step] as number];
    if (Number.isNaN(c + r)) continue;
    made += c;
    asked += r;
  }
  return made > 0 && asked > 0
    ? Float64Array.from(calls, (_, step) => ((requests[step] ?? Number.NaN) * made) / asked)
    : null;
}
