import type { ServiceInstance } from './counter-series.ts';

/** Stored spans of one process that a request metric counts too, of one route and declared sampling threshold. */
export interface ServerSpans {
  readonly instance: ServiceInstance;
  readonly kind: 'Server' | 'Consumer';
  /** `http.route`, or ''. */
  readonly route: string;
  /** `rpc.method`, or ''. */
  readonly rpcMethod: string;
  /** `ot=th:` as sent, '' when absent. */
  readonly thresholdHex: string;
  /** By the second of event time in which they ended, ms. */
  readonly bySecond: ReadonlyMap<number, number>;
}
