import type { ClickHouseClient } from '@clickhouse/client';
import type { Gate } from '../../gates/gate.ts';

/** What the resources of the API are served from. */
export interface ApiDeps {
  readonly client: ClickHouseClient;
  readonly gate: Gate;
  readonly now: () => number;
  /** Metrics of all roles in Prometheus' text format. @throws PipelineError overloaded */
  readonly collectMetrics: () => Promise<string>;
}
