import { samplingColumns } from '../../core/sampling/sampling-columns.ts';
import { toClickhouseTime } from '../../store/clickhouse-time.ts';

/** One span as a row of otel_traces; what is left out takes the column's default. */
export interface SpanRow {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind?: 'Server' | 'Client' | 'Internal' | 'Producer' | 'Consumer';
  readonly flags?: number;
  readonly startMs: number;
  readonly durationMs?: number;
  readonly receivedMs: number;
  readonly instance?: string;
  readonly status?: 'Ok' | 'Error' | 'Unset';
  readonly traceState?: string;
  readonly tenant?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly resource?: Readonly<Record<string, string>>;
}

/** A span that is exported was sampled, and its flags say so. */
export const REMOTE = 0x301;
export const LOCAL = 0x101;

export function spanRow(span: SpanRow): Record<string, unknown> {
  const traceState = span.traceState ?? '';
  const flags = span.flags ?? REMOTE;
  return {
    ...samplingColumns({ traceState, traceId: span.traceId, flags, attributes: {} }),
    Timestamp: toClickhouseTime(span.startMs),
    Duration: String(Math.round((span.durationMs ?? 0) * 1_000_000)),
    TraceId: span.traceId,
    SpanId: span.spanId,
    ParentSpanId: span.parentSpanId ?? '',
    SpanKind: span.kind ?? 'Server',
    SpanFlags: flags,
    ServiceName: span.service,
    ServiceNamespace: 'shop',
    ServiceInstanceId: span.instance ?? `${span.service}-1`,
    StatusCode: span.status ?? 'Unset',
    TraceState: traceState,
    SpanAttributes: span.attributes ?? {},
    ResourceAttributes: span.resource ?? {},
    Tenant: span.tenant ?? 'default',
    ReceivedAt: toClickhouseTime(span.receivedMs),
  };
}

/** A trace id of 32 hex digits whose last 14, the randomness of consistent sampling, are `randomness`. */
export function traceIdOf(number: number, randomness = number.toString(16).padStart(14, '0')): string {
  return `${number.toString(16).padStart(18, '0')}${randomness}`;
}
