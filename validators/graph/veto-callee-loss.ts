import type { ServiceId } from '../../core/service-key.ts';
import type { SourceTally } from '../../core/source-tally.ts';
import type { Reason } from '../../core/verdict.ts';
import { foldSources } from '../fold-sources.ts';
import { percent } from '../percent.ts';
import { shareLaterThan } from '../share-later-than.ts';
import { windowsUntil } from '../windows.ts';

const LATE_RATIO_MAX = 0.01;
/** A callee silent for longer than answers are ever waited for has lost them, as far as anyone can use them. */
const WAIT_MS_MAX = 60_000;

/** Why missing answers of a callee must not count as its losses; null: they do. */
export function vetoCalleeLoss(of: {
  readonly callee: ServiceId;
  /** Callers and peers through which the callee is called, none of which samples inconsistently. */
  readonly consistentEdges: number;
  /** Of these, those that are not answered by something else now. */
  readonly tellingEdges: number;
  readonly changedPeer: string | null;
  readonly answerableCalls: number;
  readonly failedCalls: number;
  /** Of the callee. */
  readonly arrivals: readonly SourceTally[];
  readonly lagMs: number;
  readonly nowMs: number;
}): Reason | null {
  const name = of.callee.serviceName;
  if (of.consistentEdges === 0) {
    const text = `${name}, or all that call it, sample inconsistently, so an answer may never have been kept; see the verdict of dimension sampling.`;
    return { code: 'SAMPLING_INCONSISTENT', text };
  }
  if (of.tellingEdges === 0) {
    const text = `Of a sudden no call to ${of.changedPeer || name} has an answer, though ${name} sends on: something uninstrumented answers there now; see what was deployed behind that name, and instrument it.`;
    return { code: 'PEER_CHANGED', text };
  }
  if (of.failedCalls > of.answerableCalls) {
    const text = `${of.failedCalls} of ${of.failedCalls + of.answerableCalls} calls to ${name} end in an error, so those without an answer may never have reached it; see whether it serves.`;
    return { code: 'CALLS_FAILING', text };
  }
  const { fastStartMs } = windowsUntil(of.nowMs);
  const recent = foldSources(of.arrivals.filter(({ receiveStartMs }) => receiveStartMs >= fastStartMs));
  const lateShare = recent === null ? 0 : shareLaterThan(recent.lateness, of.lagMs);
  if (lateShare > LATE_RATIO_MAX) {
    const text = `${percent(lateShare)} of the newest spans of ${name} arrived later than the ${of.lagMs / 1_000} s that answers are waited for, so a missing answer may be late rather than lost; see the verdict of dimension timeliness.`;
    return { code: 'ANSWERS_LATE', text };
  }
  const receivedMsMax = foldSources(of.arrivals)?.receivedMsMax ?? null;
  const silentMs = receivedMsMax === null ? null : of.nowMs - receivedMsMax;
  if (silentMs !== null && silentMs > of.lagMs && silentMs <= WAIT_MS_MAX) {
    const text = `Nothing has arrived from ${name} for ${Math.round(silentMs / 1_000)} s, so its answers may be late rather than lost; after a minute they count as lost.`;
    return { code: 'CALLEE_SILENT', text };
  }
  return null;
}
