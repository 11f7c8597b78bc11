import { ANOMALY } from '../../../core/anomaly.ts';
import type { KeyValue, Value } from './otlp-model.ts';

/** The rows a request must become, worked out the slow and obvious way. Values as `storedRows` reads them. */

export const INT64_MAX = 2n ** 63n - 1n;

export interface Context {
  readonly receivedAtMs: number;
  readonly tenant: string;
}

export class Oddities {
  bits = 0;

  add(name: keyof typeof ANOMALY, when = true): void {
    if (when) this.bits |= ANOMALY[name];
  }
}

export function arrivalNs(context: Context): bigint {
  return BigInt(context.receivedAtMs) * 1_000_000n;
}

/** An event time, or the arrival when it does not fit. */
export function storedTime(time: bigint | undefined, context: Context, odd: Oddities): bigint {
  const sent = time ?? 0n;
  odd.add('timeOutOfRange', sent > INT64_MAX);
  return sent > INT64_MAX ? arrivalNs(context) : sent;
}

export function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}

export function isId(bytes: Uint8Array | undefined, byteCount: number): boolean {
  return bytes?.length === byteCount && bytes.some((byte) => byte !== 0);
}

/** Ids that only point somewhere: valid, or absent, or dropped and marked. */
export function pointingIds(
  ids: { traceId?: Uint8Array | undefined; spanId?: Uint8Array | undefined },
  odd: Oddities,
): { traceId: string; spanId: string } {
  const traceOk = isId(ids.traceId, 16);
  const spanOk = isId(ids.spanId, 8);
  const noTrace = (ids.traceId?.length ?? 0) === 0;
  const noSpan = (ids.spanId?.length ?? 0) === 0;
  odd.add('idInvalid', !((traceOk || noTrace) && (spanOk || noSpan)));
  return {
    traceId: traceOk ? hex(ids.traceId) : '',
    spanId: spanOk && (traceOk || noTrace) ? hex(ids.spanId) : '',
  };
}

export function valueText(value: Value | undefined, odd: Oddities): string {
  if (value === undefined) return '';
  if ('stringValue' in value) return value.stringValue as string;
  if ('bytesValue' in value) return Buffer.from(value.bytesValue as Uint8Array).toString('base64');
  if ('doubleValue' in value) return String(value.doubleValue);
  return Object.keys(value).length === 0 ? '' : valueJson(value, odd);
}

function valueJson(value: Value, odd: Oddities): string {
  if ('stringValue' in value) return JSON.stringify(value.stringValue);
  if ('boolValue' in value) return String(value.boolValue);
  if ('intValue' in value) return String(value.intValue);
  if ('bytesValue' in value) return JSON.stringify(valueText(value, odd));
  if ('doubleValue' in value) {
    const double = value.doubleValue as number;
    return Number.isFinite(double) ? String(double) : `"${double}"`;
  }
  if ('arrayValue' in value) {
    const { values } = value.arrayValue as { values: Value[] };
    return `[${values.map((item) => valueJson(item, odd)).join(',')}]`;
  }
  if ('kvlistValue' in value) {
    const { values } = value.kvlistValue as { values: KeyValue[] };
    const members = firstOfEach(values, odd).map(
      ([key, item]) => `${JSON.stringify(key)}:${item === undefined ? 'null' : valueJson(item, odd)}`,
    );
    return `{${members.join(',')}}`;
  }
  return 'null';
}

function firstOfEach(values: readonly KeyValue[], odd: Oddities): [string, Value | undefined][] {
  const members = new Map<string, Value | undefined>();
  for (const { key, value } of values) {
    odd.add('duplicateKeys', members.has(key));
    if (!members.has(key)) members.set(key, value);
  }
  return [...members];
}

/** An attribute list as a map column: pairs sorted by the bytes of their keys. */
export function attributePairs(
  attributes: readonly KeyValue[] | undefined,
  odd: Oddities,
): [string, string][] {
  return firstOfEach(attributes ?? [], odd)
    .sort(([left], [right]) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
    .map(([key, value]) => [key, valueText(value, odd)]);
}

export function attributeText(attributes: readonly KeyValue[] | undefined, key: string): string {
  const found = attributes?.find((attribute) => attribute.key === key);
  return found === undefined ? '' : valueText(found.value, new Oddities());
}

/** A double as ClickHouse writes it into JSON. */
export function storedDouble(double: number): number | string {
  if (Number.isNaN(double)) return 'nan';
  if (Number.isFinite(double)) return double;
  return double > 0 ? 'inf' : '-inf';
}

/** The columns every table has. */
export function sourceColumns(attributes: readonly KeyValue[] | undefined, context: Context) {
  return {
    ServiceName: attributeText(attributes, 'service.name'),
    ServiceNamespace: attributeText(attributes, 'service.namespace'),
    ServiceInstanceId: attributeText(attributes, 'service.instance.id'),
    Tenant: context.tenant,
    ReceivedAt: `${context.receivedAtMs}`,
  };
}
