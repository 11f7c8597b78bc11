import type { ExportRequest } from '../traffic/telemetry.ts';
import type { Truth } from './truth.ts';

/**
 * What becomes of one export on its way: gone, changed, late, twice. Called once per request, in no order; what it
 * loses it tells the truth, which no judge ever reads.
 */
export type Fault = (request: ExportRequest, truth: Truth) => readonly ExportRequest[];

/** Which exports a fault meets; nothing said means all. */
export interface Where {
  readonly serviceName?: string;
  readonly hop?: string;
  readonly signal?: ExportRequest['signal'];
  /** Sent in [fromMs, untilMs). */
  readonly fromMs?: number;
  readonly untilMs?: number;
}

/** Traffic as it arrives after all faults, one after the other. */
export function inject(
  requests: readonly ExportRequest[],
  faults: readonly Fault[],
  truth: Truth,
): readonly ExportRequest[] {
  for (const request of requests) truth.sent(request);
  return faults.reduce<readonly ExportRequest[]>(
    (left, fault) => left.flatMap((request) => fault(request, truth)),
    requests,
  );
}

export function isMet(where: Where, request: ExportRequest): boolean {
  return (
    (where.serviceName === undefined || where.serviceName === request.serviceName) &&
    (where.hop === undefined || where.hop === request.hop) &&
    (where.signal === undefined || where.signal === request.signal) &&
    request.sentMs >= (where.fromMs ?? Number.NEGATIVE_INFINITY) &&
    request.sentMs < (where.untilMs ?? Number.POSITIVE_INFINITY)
  );
}
