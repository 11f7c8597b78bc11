import { postExport } from './post-export.ts';

/** An event as CloudEvents 1.0 names its parts. */
export interface CloudEvent {
  /** With `source` unique, and the same however often it is sent: receivers drop what they have seen. */
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  /** RFC 3339. */
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface CloudEventsConfig {
  readonly url: string;
  readonly token: string | undefined;
  readonly mode: 'structured' | 'binary';
  /** Who says it: a URI. */
  readonly source: string;
}

/** What every intermediary must forward. */
const EVENT_BYTES_MAX = 65_536;
/** For the attributes, which are short. */
const DATA_BYTES_MAX = EVENT_BYTES_MAX - 4_096;

/** The first of these data that fits into an event; each later one says less. The last one always must. */
export function fittingData(...candidates: readonly CloudEvent['data'][]): CloudEvent['data'] {
  const fits = (data: CloudEvent['data']) => Buffer.byteLength(JSON.stringify(data)) <= DATA_BYTES_MAX;
  return candidates.find(fits) ?? (candidates.at(-1) as CloudEvent['data']);
}

/** Header values are percent-encoded outside of printable ASCII, and for blank, double quote and percent. */
function headerText(text: string): string {
  return text.replaceAll(/[^!#$&-~]/gu, (char) => encodeURIComponent(char));
}

/** An event on the wire of HTTP, in either content mode. */
export function cloudEventMessage(
  event: CloudEvent,
  mode: CloudEventsConfig['mode'],
): { body: string; headers: Readonly<Record<string, string>> } {
  const { data, ...rest } = event;
  const attributes = { specversion: '1.0', ...rest };
  if (mode === 'structured') {
    return {
      headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' },
      body: JSON.stringify({ ...attributes, datacontenttype: 'application/json', data }),
    };
  }
  const headers = Object.entries(attributes).map(([name, value]) => [`ce-${name}`, headerText(value)]);
  return {
    headers: { 'content-type': 'application/json', ...Object.fromEntries(headers) },
    body: JSON.stringify(data),
  };
}

/** @throws PipelineError webhook_unavailable, webhook_refused */
export async function sendCloudEvent(
  event: CloudEvent,
  { url, token, mode }: CloudEventsConfig,
  signal: AbortSignal,
): Promise<number> {
  return postExport({ url, token, signal }, cloudEventMessage(event, mode));
}
