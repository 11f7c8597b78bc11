import { createHash } from 'node:crypto';
import type { Signal } from '../../core/signal.ts';
import { jsonToProtobuf } from '../../ingest/transcode/json-to-protobuf.ts';

const TIME = '1750000000000000000';

export interface TestItems {
  readonly valid?: number;
  readonly invalid?: number;
  /** Makes ids differ between bodies. */
  readonly seed?: string;
  readonly padding?: string;
}

/** The OTLP/JSON of a request with so many valid and invalid items (spans without ids, sums without temporality). */
export function exportJson(
  signal: Signal,
  { valid = 1, invalid = 0, seed = '', padding = '' }: TestItems = {},
): string {
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] };
  const count = (n: number) => Array.from({ length: n }, (_, index) => index);
  if (signal === 'traces') {
    const spans = [
      ...count(valid).map((index) => span(`${seed}/${index}`, padding)),
      ...count(invalid).map(() => ({ ...span('x', padding), spanId: '' })),
    ];
    return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
  }
  if (signal === 'logs') {
    const logRecords = count(valid).map((index) => ({
      timeUnixNano: TIME,
      body: { stringValue: `${seed}/${index}${padding}` },
    }));
    return JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });
  }
  const point = (index: number) => ({ timeUnixNano: TIME, asInt: String(index) });
  const metrics = [
    { name: `gauge${seed}${padding}`, gauge: { dataPoints: count(valid).map(point) } },
    { name: 'sum', sum: { dataPoints: count(invalid).map(point) } },
  ];
  return JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] });
}

function span(id: string, padding: string) {
  return {
    traceId: hex(`trace ${id}`, 32),
    spanId: hex(`span ${id}`, 16),
    name: `GET /${padding}`,
    kind: 2,
    startTimeUnixNano: TIME,
    endTimeUnixNano: TIME,
  };
}

function hex(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}

export function exportProtobuf(signal: Signal, items: TestItems = {}): Buffer {
  return Buffer.from(jsonToProtobuf(signal, Buffer.from(exportJson(signal, items))).body);
}
