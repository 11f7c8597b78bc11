import type { ClickHouseClient } from '@clickhouse/client';
import { readRecentAllows } from '../store/read-recent-allows.ts';
import type { ConstraintSet } from './constraints/constraint-set.ts';
import type { LedgerThread } from './ledger-thread.ts';
import { RecentDecisions } from './recent-actions.ts';
import { recentSpanMs } from './recent-span.ts';

/** Other replicas copy their decisions once a second, and their clocks differ. */
const OVERLAP_MS = 10_000;
/** A replica that could not copy comes late with all it decided meanwhile: the whole span is read again. */
const WHOLE_EVERY_MS = 30_000;
const ROWS_MAX = 20_000;
const LINES_MAX = 20_000;

/** Keeps the recent decisions: from the ledger at the start, of other replicas from the store. */
export class RecentWatch {
  readonly recent = new RecentDecisions();
  readonly #ownPrefix: string;
  #wholeReadAtMs = Number.NEGATIVE_INFINITY;
  #wholeSinceMs = Number.POSITIVE_INFINITY;
  #services = '';

  constructor(ownPrefix: string) {
    this.#ownPrefix = ownPrefix;
  }

  /** The end of this replica's own ledger: what was allowed before a restart, and what was held. */
  restore(ledger: LedgerThread): void {
    const { seq } = ledger.checkpoint();
    for (const row of ledger.readAfter(Math.max(0, seq - LINES_MAX), LINES_MAX)) {
      const { decision, decisionId } = row.response;
      this.recent.take({ decisionId, decision, decidedAtMs: row.decidedAtMs, request: row.request });
    }
  }

  /** @throws PipelineError store_unavailable; what others did is unknown some seconds later */
  async refresh(
    client: ClickHouseClient,
    { sets, nowMs }: { sets: readonly ConstraintSet[]; nowMs: number },
  ): Promise<void> {
    const shared = sets.flatMap(({ guardrails }) =>
      guardrails.changeBudget.flatMap(({ over }) => over ?? []),
    );
    const services = [...new Set([...sets.map(({ scope }) => scope.service), ...shared])].sort();
    const wholeSinceMs = nowMs - recentSpanMs(sets);
    const isWhole =
      nowMs - this.#wholeReadAtMs >= WHOLE_EVERY_MS ||
      wholeSinceMs < this.#wholeSinceMs ||
      services.join(' ') !== this.#services;
    const sinceMs = isWhole ? wholeSinceMs : nowMs - OVERLAP_MS;
    const rows =
      services.length === 0
        ? []
        : await readRecentAllows(client, { services, sinceMs, ownPrefix: this.#ownPrefix, limit: ROWS_MAX });
    this.recent.absorb(rows.map((row) => ({ ...row, decision: 'allow' })));
    const isCut = rows.length === ROWS_MAX;
    this.recent.markRead({ sinceMs: isCut ? (rows.at(-1)?.decidedAtMs ?? nowMs) : sinceMs, nowMs });
    if (isWhole) {
      this.#wholeReadAtMs = nowMs;
      this.#wholeSinceMs = wholeSinceMs;
      this.#services = services.join(' ');
    }
    this.recent.forget(nowMs);
  }
}
