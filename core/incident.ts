import type { Ternary } from './ternary.ts';

/** That people say something is wrong, of one service or of everything; automation reads it, and never writes it. */
export interface Incident {
  readonly id: string;
  /** null: of everything. */
  readonly service: string | null;
  readonly reason: string;
  readonly openedAtMs: number;
  readonly openedBy: string;
  readonly closed: { readonly atMs: number; readonly by: string; readonly reason: string } | null;
}

/** What a gate knows of incidents. */
export interface IncidentsKnown {
  readonly open: readonly Incident[];
  /** False when the store was not read lately: then there may be more. */
  readonly isComplete: boolean;
}

/** Whether people opened an incident about a service; unknown while the store is away, unless one is known. */
export function isIncidentOpen({ open, isComplete }: IncidentsKnown, service: string | null): Ternary {
  if (open.some((incident) => incident.service === null || incident.service === service)) return 'true';
  return isComplete ? 'false' : 'unknown';
}
