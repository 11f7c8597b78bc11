import type { ServiceId } from './service-key.ts';

/** Spans of a service whose parent is of the same process, settled; a consistent subset where these are very many. */
export interface LocalEdgeTally {
  /** Start of the 5 s of arrival of the children. */
  readonly windowMs: number;
  readonly service: ServiceId;
  readonly children: number;
  /** Without their parent. */
  readonly orphans: number;
  /** Whose parent came in another export request: it was lost or kept apart from its child. */
  readonly split: number;
}
