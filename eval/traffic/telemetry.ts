/** A span as its SDK would export it; stamps are by the clock of its host. Ids are numbers until they are written. */
export interface SpanItem {
  readonly traceId: number;
  readonly spanId: number;
  /** 0: a root. */
  readonly parentSpanId: number;
  readonly kind: 'Server' | 'Client' | 'Internal' | 'Producer' | 'Consumer';
  /** The parent is of another process: flags 0x300, else 0x100. */
  readonly isRemote: boolean;
  /** Whom a call goes to, as its caller names it; empty on all but calls. */
  readonly peer: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface LogItem {
  readonly timeMs: number;
  readonly traceId: number;
  readonly spanId: number;
  /** What its SDK said of the span it belongs to. */
  readonly isSampled: boolean;
}

/** A point of a gauge. */
interface PointItem {
  readonly metricName: string;
  readonly timeMs: number;
  readonly value: number;
}

/** One export of one instance: its records arrive or are lost together. */
export interface ExportRequest {
  readonly tenant: string;
  readonly serviceName: string;
  readonly instanceId: string;
  readonly host: string;
  /** The Collector it goes through. */
  readonly hop: string;
  readonly signal: 'traces' | 'logs' | 'metrics';
  readonly sentMs: number;
  readonly arrivedMs: number;
  /** `ot=th:` of all its spans; empty says nothing about sampling. */
  readonly traceState: string;
  readonly spans: readonly SpanItem[];
  readonly logs: readonly LogItem[];
  readonly points: readonly PointItem[];
}
