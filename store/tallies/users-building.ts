import { addBucket, type Buckets, bucketQuantile, emptyBuckets } from '../../core/bucket-quantile.ts';
import type { ServiceHistory, UserHistory } from '../../core/system-history.ts';
import type { RequestMinute } from './request-minute.ts';

interface Minute {
  requests: number;
  errors: number;
  readonly durationsMs: Buckets;
}

/** What users of the whole saw, from the requests of the services that they come in at. */
export class UsersBuilding {
  readonly #minutes: (Minute | undefined)[] = [];

  add(at: number, { requests, errors, durationsMs }: RequestMinute): void {
    const minute = this.#minutes[at] ?? { requests: 0, errors: 0, durationsMs: emptyBuckets() };
    this.#minutes[at] = minute;
    minute.requests += requests;
    minute.errors += errors;
    durationsMs.count.forEach((count, i) => {
      addBucket(minute.durationsMs, durationsMs.from[i] as number, durationsMs.to[i] as number, count);
    });
  }

  /** null: nothing says where users come in, or nobody came. Cost is that of all services whose cost is known. */
  finish(minutes: number, services: Iterable<ServiceHistory>): UserHistory | null {
    if (this.#minutes.length === 0) return null;
    const unknown = () => new Float64Array(minutes).fill(Number.NaN);
    const users = { requests: unknown(), ok: unknown(), p50Ms: unknown(), p99Ms: unknown(), cost: unknown() };
    this.#minutes.forEach((minute, at) => {
      if (minute === undefined) return;
      users.requests[at] = minute.requests;
      users.ok[at] = minute.requests - minute.errors;
      if (!(minute.requests > 0)) return;
      users.p50Ms[at] = bucketQuantile(minute.durationsMs, 0.5);
      users.p99Ms[at] = bucketQuantile(minute.durationsMs, 0.99);
    });
    sumCosts(users.cost, services);
    return users;
  }
}

/** A minute in which the cost of a service that has one is missing is unknown: a sum without it would seem cheap. */
function sumCosts(into: Float64Array, services: Iterable<ServiceHistory>): void {
  const costs = [...services].flatMap(({ series }) => series.cost ?? []);
  if (costs.length === 0) return;
  for (let at = 0; at < into.length; at++) {
    into[at] = costs.reduce((sum, cost) => sum + (cost[at] as number), 0);
  }
}
