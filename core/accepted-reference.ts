import type { ServiceSeries } from './system-history.ts';

/** How a metric did at one load; numbers are rounded to a millionth, so that they are the same wherever computed. */
interface FrozenBin {
  readonly bin: number;
  readonly logMedian: number;
  readonly logMad: number;
  readonly minutes: number;
}

export interface FrozenMetric {
  readonly metric: ServiceSeries;
  /** Share of the period's minutes that the bins stand on. */
  readonly coverageRatio: number;
  readonly bins: readonly FrozenBin[];
}

/** What was normal of one service. */
export interface FrozenService {
  readonly service: string;
  readonly metrics: readonly FrozenMetric[];
}

/** What a person looks at and accepts: its hash names exactly this. */
export interface ReferenceContent {
  /** As asked; empty: all there were. */
  readonly services: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
  readonly numbers: readonly FrozenService[];
}

/** A reference as accepted; nothing changes it but that a person revokes it, or accepts a newer one. */
export interface AcceptedReference {
  readonly id: string;
  readonly services: readonly string[];
  /** Services that it holds numbers of. */
  readonly held: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
  readonly acceptedBy: string;
  readonly reason: string;
  readonly acceptedAtMs: number;
  /** SHA-256 over the canonical JSON of its ReferenceContent: what a signature is to sign. */
  readonly hash: string;
  readonly revoked: { readonly atMs: number; readonly by: string; readonly reason: string } | null;
}
