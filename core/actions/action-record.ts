/** A log record that may tell of an action or a change, as `action_records` keeps it. */
export interface ActionRecord {
  readonly timeMs: number;
  readonly eventName: string;
  readonly serviceName: string;
  /** Those of the record, by name. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Of the resource: `k8s.*` and `deployment.*`. */
  readonly resource: Readonly<Record<string, string>>;
  /** Text, or JSON; empty where it was too long to keep. */
  readonly body: string;
}

/** A name that stands for none. */
export function serviceOf({ serviceName }: ActionRecord): string | null {
  return serviceName === '' || serviceName.startsWith('unknown_service') ? null : serviceName;
}
