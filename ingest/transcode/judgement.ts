import { ANOMALY } from '../../core/anomaly.ts';
import { ITEM_NOUN, type Signal } from '../../core/signal.ts';
import { PARTS_MAX, tooManyParts } from './parts-limit.ts';
import type { ResourceScan } from './resource-scan.ts';
import { type TextPlace, textOf } from './text-place.ts';

/** What a body was found to hold; the numbers of an OTLP partial success. */
export interface Judged {
  readonly itemCount: number;
  readonly rejectedCount: number;
  readonly rejections: readonly {
    readonly reason: string;
    readonly items: number;
    readonly serviceName: string;
  }[];
  readonly warnings: readonly string[];
  /** Of the first resource, as far as it identifies; an SDK sends no other. */
  readonly serviceName: string;
}

export interface Rejection {
  readonly reason: string;
  readonly serviceNamespace: string;
  readonly serviceName: string;
  readonly serviceInstanceId: string;
  items: number;
}

/**
 * The resource of the items rejected last, and where they are counted. Names may be long: to read them anew for
 * each of 200,000 empty spans took minutes.
 */
interface RejectedResource {
  readonly places: readonly TextPlace[];
  readonly byReason: Map<string, Rejection>;
}

function newlyOf(resource: ResourceScan): RejectedResource {
  return { places: placesOf(resource), byReason: new Map() };
}

function isOf({ places }: RejectedResource, resource: ResourceScan): boolean {
  return placesOf(resource).every((place, index) => place === places[index]);
}

function placesOf({ serviceNamespace, serviceName, serviceInstanceId }: ResourceScan): TextPlace[] {
  return [serviceNamespace, serviceName, serviceInstanceId];
}

const ANOMALY_TEXT: Readonly<Record<keyof typeof ANOMALY, string>> = {
  endBeforeStart: 'end before they start; stored with duration 0',
  timeMissing: 'carry no time where one is required',
  timeOutOfRange: 'carry a time after the year 2262; the arrival time stands in',
  idInvalid: 'carry an id that is malformed or all zeros; stored without ids',
  duplicateKeys: 'carry an attribute key twice; its first value is kept',
  parentIdInvalid: 'carry a malformed or all-zero parent id; stored as roots',
  startAfterTime: 'start after their own time',
  bucketsMisfit: 'carry buckets that do not add up to their count',
  invalidUtf8: 'carry text that is not UTF-8; the broken bytes were replaced',
};

/** Who is told apart by more than this is told apart by nobody. */
const SERVICE_NAME_BYTES_MAX = 200;

const ANOMALIES = Object.entries(ANOMALY) as [keyof typeof ANOMALY, number][];

/** Gathers, while a body is walked, what its answer and the tallies will say. */
export class Judgement {
  readonly signal: Signal;
  itemCount = 0;
  #partCount = 0;
  rejectedCount = 0;
  readonly #rejections = new Map<string, Rejection>();
  #last: RejectedResource | null = null;
  readonly #anomalies = new Map<number, number>();
  readonly #warnings = new Set<string>();
  #serviceName: string | null = null;

  constructor(signal: Signal) {
    this.signal = signal;
  }

  /** To be called for every resource; the first counts. */
  sentBy({ serviceName }: ResourceScan): void {
    const byteCount = Math.min(serviceName.byteCount, SERVICE_NAME_BYTES_MAX);
    this.#serviceName ??= textOf({ ...serviceName, byteCount });
  }

  /**
   * Counts an item. @param parts how many attributes, events and the like it holds
   * @throws PipelineError `otlp_too_large`
   */
  found(parts: number): void {
    this.itemCount++;
    this.#partCount += 1 + parts;
    if (this.#partCount > PARTS_MAX) throw tooManyParts();
  }

  /** Counts items that are not stored, while their neighbours are. */
  reject(resource: ResourceScan, reason: string, items = 1): void {
    if (items === 0) return;
    this.rejectedCount += items;
    if (this.#last === null || !isOf(this.#last, resource)) this.#last = newlyOf(resource);
    const known = this.#last.byReason.get(reason);
    const rejection = known ?? this.#rejectionOf(resource, reason);
    if (known === undefined) this.#last.byReason.set(reason, rejection);
    rejection.items += items;
  }

  #rejectionOf(resource: ResourceScan, reason: string): Rejection {
    const serviceNamespace = textOf(resource.serviceNamespace);
    const serviceName = textOf(resource.serviceName);
    const serviceInstanceId = textOf(resource.serviceInstanceId);
    const key = JSON.stringify([reason, serviceNamespace, serviceName, serviceInstanceId]);
    const known = this.#rejections.get(key);
    if (known !== undefined) return known;
    const rejection = { reason, serviceNamespace, serviceName, serviceInstanceId, items: 0 };
    this.#rejections.set(key, rejection);
    return rejection;
  }

  /** Counts items that are stored, but odd. */
  note(anomalies: number, items = 1): void {
    for (const [, bit] of ANOMALIES) {
      if ((anomalies & bit) !== 0) this.#anomalies.set(bit, (this.#anomalies.get(bit) ?? 0) + items);
    }
  }

  warn(text: string): void {
    this.#warnings.add(text);
  }

  get rejections(): readonly Rejection[] {
    return [...this.#rejections.values()];
  }

  judged(): Judged {
    const oddities = ANOMALIES.filter(([, bit]) => this.#anomalies.has(bit)).map(
      ([name, bit]) => `${this.#anomalies.get(bit)} ${ITEM_NOUN[this.signal]} ${ANOMALY_TEXT[name]}`,
    );
    return {
      itemCount: this.itemCount,
      rejectedCount: this.rejectedCount,
      rejections: this.rejections.map(({ reason, items, serviceName }) => ({ reason, items, serviceName })),
      warnings: [...oddities, ...this.#warnings],
      serviceName: this.#serviceName ?? '',
    };
  }
}
