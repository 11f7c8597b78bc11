/** What happens to the telemetry of a service from some moment on. */
export type TelemetryFault =
  | 'healthy'
  | 'silent'
  | 'lossy'
  | 'late'
  | 'ahead'
  | 'behind'
  | 'frozen'
  | 'doubled'
  | 'renamed';

interface Spans {
  readonly service: string;
  readonly spans: readonly object[];
}

const REMOTE = 0x301;
const LOCAL = 0x101;
const SERVER = 2;
const CLIENT = 3;

const SHIFT_MS: Partial<Record<TelemetryFault, number>> = {
  late: -1_800_000,
  behind: -600_000,
  ahead: 600_000,
};

function hex(length: number, ...parts: readonly number[]): string {
  return parts
    .map((part) => part.toString(16).padStart(4, '0'))
    .join('')
    .padStart(length, '0');
}

/** One second of caller -> service -> callee, of which the service in the middle has the fault. */
export function secondOfShop(
  service: string,
  of: {
    readonly index: number;
    readonly startMs: number;
    readonly fault: TelemetryFault;
    readonly secondNumber: number;
    readonly callsPerS: number;
  },
): Spans[] {
  const { fault, secondNumber } = of;
  // The same second over and over: what stood still is sent again under its old stamps.
  const number = fault === 'frozen' ? 1 : secondNumber;
  const startMs = fault === 'frozen' ? of.startMs - 1_000 * (secondNumber - 1) : of.startMs;
  const calls = Array.from({ length: of.callsPerS }, (_, call) => ({
    atMs: startMs + call * 90,
    traceId: hex(32, of.index + 1, number + 1, call + 1),
    id: (kind: number) => hex(16, kind, of.index + 1, number + 1, call + 1),
  }));
  const span = (call: (typeof calls)[number], more: object, shiftMs = 0) => ({
    traceId: call.traceId,
    name: 'call',
    startTimeUnixNano: `${call.atMs + shiftMs}000000`,
    endTimeUnixNano: `${call.atMs + shiftMs + 20}000000`,
    ...more,
  });
  const shiftMs = SHIFT_MS[fault] ?? 0;
  const own = calls.flatMap((call) => [
    span(call, { spanId: call.id(2), parentSpanId: call.id(1), kind: SERVER, flags: REMOTE }, shiftMs),
    span(call, { spanId: call.id(3), parentSpanId: call.id(2), kind: CLIENT, flags: LOCAL }, shiftMs),
  ]);
  const isLost = fault === 'silent' || (fault === 'lossy' && secondNumber % 2 === 0);
  const name = fault === 'renamed' ? `${service}-v2` : service;
  const others = [
    {
      service: `${service}-caller`,
      spans: calls.map((call) => span(call, { spanId: call.id(1), kind: CLIENT, flags: LOCAL })),
    },
    {
      service: `${service}-callee`,
      spans: calls.map((call) =>
        span(call, { spanId: call.id(4), parentSpanId: call.id(3), kind: SERVER, flags: REMOTE }),
      ),
    },
  ];
  if (isLost) return others;
  return [
    ...others,
    { service: name, spans: own },
    ...(fault === 'doubled' ? [{ service: name, spans: own }] : []),
  ];
}

/** As an SDK sends it. @returns spans that were sent */
export async function sendSpans(otlpHttpUrl: string, all: readonly Spans[]): Promise<number> {
  const resourceSpans = all.map(({ service, spans }) => ({
    resource: {
      attributes: [
        { key: 'service.name', value: { stringValue: service } },
        { key: 'service.instance.id', value: { stringValue: `${service}-1` } },
      ],
    },
    scopeSpans: [{ spans }],
  }));
  const response = await fetch(`${otlpHttpUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`OTLP was answered with ${response.status}: ${text}`);
  return all.reduce((sum, { spans }) => sum + spans.length, 0);
}
