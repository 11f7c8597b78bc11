import type { ClickHouseClient } from '@clickhouse/client';
import { countServices } from '../store/tallies/count-services.ts';
import { refreshed } from './refreshed.ts';

/** Twice what a tick is measured with: a service name made anew for every request must not take the judge down. */
const SERVICES_MAX = 20_000;
const COUNT_EVERY_MS = 30_000;

/** Whether there are more services than can be judged. */
export interface Crowd {
  /** @returns how many may be read; Infinity where all can be. @throws PipelineError store_unavailable */
  servicesMax(asked: {
    readonly client: ClickHouseClient;
    readonly fromMs: number;
    readonly nowMs: number;
  }): Promise<number>;
  /** Services about which nothing is said, as they are too many. */
  readonly leftOutCount: number;
}

export function newCrowd(most: number = SERVICES_MAX): Crowd {
  let leftOutCount = 0;
  const count = refreshed(
    { everyMs: COUNT_EVERY_MS, phaseMs: 0 },
    ({ client, fromMs }: { client: ClickHouseClient; fromMs: number }) => countServices(client, fromMs),
  );
  return {
    servicesMax: async (asked) => {
      const services = await count.get(asked);
      leftOutCount = Math.max(0, services - most);
      return leftOutCount > 0 ? most : Number.POSITIVE_INFINITY;
    },
    get leftOutCount() {
      return leftOutCount;
    },
  };
}
