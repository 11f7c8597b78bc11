import type { ClickHouseClient } from '@clickhouse/client';
import type { Incident, IncidentsKnown } from '../core/incident.ts';
import { readIncidents } from '../store/incidents.ts';

const VALID_MS = 15_000;
/** A read that began before one was written here may end after it. */
const OWN_MS = 10_000;

/** Open incidents, in memory: this replica's own at once, those of others when they were read. */
export class IncidentWatch {
  #open: readonly Incident[] = [];
  #readAtMs = Number.NEGATIVE_INFINITY;
  readonly #own = new Map<string, { incident: Incident; atMs: number }>();

  /** What was opened or closed here just now. */
  note(incident: Incident, nowMs: number): void {
    this.#own.set(incident.id, { incident, atMs: nowMs });
  }

  known(nowMs: number): IncidentsKnown {
    const others = this.#open.filter(({ id }) => !this.#own.has(id));
    const own = [...this.#own.values()]
      .map(({ incident }) => incident)
      .filter(({ closed }) => closed === null);
    return { open: [...own, ...others], isComplete: Math.abs(nowMs - this.#readAtMs) <= VALID_MS };
  }

  /** @throws PipelineError store_unavailable; what was known stays known */
  async refresh(client: ClickHouseClient, nowMs: number): Promise<void> {
    this.#open = await readIncidents(client, { isOpen: true });
    this.#readAtMs = nowMs;
    for (const [id, { atMs }] of this.#own) if (nowMs - atMs > OWN_MS) this.#own.delete(id);
  }
}
