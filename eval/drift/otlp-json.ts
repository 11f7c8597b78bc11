/** The few shapes of OTLP/JSON that a run is written in. */
export type Attributes = Readonly<Record<string, string | number>>;

export interface Metric {
  readonly name: string;
  readonly [data: string]: unknown;
}

export function attributesOf(attributes: Attributes): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : numberValue(value),
  }));
}

function numberValue(value: number): unknown {
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** @param timeMs whole milliseconds */
export function nano(timeMs: number): string {
  return `${timeMs}000000`;
}

export function resourceMetrics(resource: Attributes, metrics: readonly Metric[]): unknown {
  return {
    resource: { attributes: attributesOf(resource) },
    scopeMetrics: [{ scope: { name: 'run' }, metrics }],
  };
}
