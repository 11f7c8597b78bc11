/** Which requests a query is about. */
export interface QueriedRequests {
  readonly service: string | null;
  readonly route: string | null;
  readonly method: string | null;
  /** Requests with this status or a higher one are left out; null: the status is not looked at. */
  readonly statusBelow: number | null;
  /** Only requests with this status or a higher one. */
  readonly statusFrom: number | null;
  /** `none`: only without error.type; `some`: only with it. */
  readonly errors: 'any' | 'none' | 'some';
  readonly durationMsBelow: number | null;
  /** Of a latency query, 0 to 1; null: requests are counted. */
  readonly quantile: number | null;
}

export interface QueryRefusal {
  readonly message: string;
  readonly hint: string;
}

/** Histograms of answered requests as OpenTelemetry names them, in the spelling of Prometheus; their unit in ms. */
const HISTOGRAMS: Readonly<Record<string, number>> = {
  http_server_request_duration_seconds: 1_000,
  http_server_duration_milliseconds: 1,
  rpc_server_call_duration_seconds: 1_000,
  rpc_server_duration_milliseconds: 1,
};

const SERIES = String.raw`([A-Za-z_:][\w:]*)\s*(?:\{([^}]*)\})?\s*\[\s*\w+\s*\]`;
const RATE = String.raw`(?:rate|increase)\s*\(\s*${SERIES}\s*\)`;
const COUNT = new RegExp(String.raw`^sum\s*\(\s*${RATE}\s*\)$`);
const BY_LE = String.raw`\s*(?:by\s*\(\s*le\s*\))?\s*`;
const QUANTILE = new RegExp(
  String.raw`^histogram_quantile\s*\(\s*(0?\.\d+)\s*,\s*sum${BY_LE}\(\s*${RATE}\s*\)${BY_LE}\)$`,
);
const LABEL = /\s*([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)/y;

/** Patterns of status codes that say "up to" or "from"; what else they can say is not read. */
const STATUS_FROM: Readonly<Record<string, number>> = {
  '5..': 500,
  '5.*': 500,
  '5xx': 500,
  '5\\\\d\\\\d': 500,
  '[45]..': 400,
  '4..|5..': 400,
  '5..|4..': 400,
};
const STATUS_BELOW: Readonly<Record<string, number>> = {
  '2..': 300,
  '[23]..': 400,
  '2..|3..': 400,
  '[1234]..': 500,
  '[234]..': 500,
  '2..|3..|4..': 500,
};

type Mutable = { -readonly [Key in keyof QueriedRequests]: QueriedRequests[Key] };

/**
 * Reads a PromQL query that counts answered requests (`sum(rate(NAME_count{…}[5m]))`, or `_bucket` with `le`), or takes
 * a quantile of how long they took. Anything else is refused: a query that is read wrongly is an objective nobody wrote.
 */
export function requestsOfQuery(query: string): QueriedRequests | QueryRefusal {
  const text = query.trim().replaceAll(/\s+/g, ' ');
  const quantile = QUANTILE.exec(text);
  const [name = '', labels = ''] = quantile?.slice(2) ?? COUNT.exec(text)?.slice(1) ?? [];
  const histogram = name.replace(/_(count|bucket)$/, '');
  const unitMs = HISTOGRAMS[histogram];
  if (name === '') {
    return {
      message: 'the query neither counts requests nor takes a quantile of their durations',
      hint: 'write sum(rate(http_server_request_duration_seconds_count{…}[5m])), or histogram_quantile(0.99, …)',
    };
  }
  if (unitMs === undefined || histogram === name) {
    const known = Object.keys(HISTOGRAMS).map((base) => `${base}_count`);
    return { message: `${name} is not known to count answered requests`, hint: `known: ${known.join(', ')}` };
  }
  const read: Mutable = {
    service: null,
    route: null,
    method: null,
    statusBelow: null,
    statusFrom: null,
    errors: 'any',
    durationMsBelow: null,
    quantile: quantile === null ? null : Number(quantile[1]),
  };
  const refused = readLabels(labels, read, unitMs);
  if (refused !== null) return refused;
  const isBucket = name.endsWith('_bucket');
  if (isBucket !== (read.durationMsBelow !== null || quantile !== null)) {
    return {
      message: `${name} is counted ${isBucket ? 'over every bucket' : 'by le, which it does not have'}`,
      hint: isBucket ? 'say which bucket: le="0.3", or count NAME_count' : 'use NAME_bucket with le',
    };
  }
  return read;
}

function readLabels(labels: string, read: Mutable, unitMs: number): QueryRefusal | null {
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < labels.trimEnd().length) {
    const at = LABEL.lastIndex;
    const match = LABEL.exec(labels);
    if (match === null) {
      return {
        message: `the labels cannot be read from "${labels.slice(at)}"`,
        hint: 'write label="value", …',
      };
    }
    const [, label = '', operator = '', value = ''] = match;
    if (!takeLabel({ label, operator, value }, read, unitMs)) {
      return {
        message: `label ${label}${operator}"${value}" narrows to requests that are not told apart here`,
        hint: 'drop it; known: service_name, job, http_route, http_request_method, http_response_status_code (5..), error_type (empty or not), le',
      };
    }
  }
  return null;
}

function takeLabel(
  { label, operator, value }: { label: string; operator: string; value: string },
  read: Mutable,
  unitMs: number,
): boolean {
  const isEqual = operator === '=';
  switch (label) {
    case 'service_name':
    case 'job':
      // The Prometheus exporter makes job of service.namespace and service.name.
      if (isEqual) read.service = value.split('/').at(-1) ?? null;
      return isEqual && value !== '';
    case 'http_route':
    case 'rpc_method':
      if (isEqual) read.route = value;
      return isEqual;
    case 'http_request_method':
    case 'http_method':
      if (isEqual) read.method = value;
      return isEqual;
    case 'error_type':
      read.errors = isEqual ? 'none' : 'some';
      return value === '' && (isEqual || operator === '!=');
    case 'le':
      read.durationMsBelow = Number(value) * unitMs;
      return isEqual && read.durationMsBelow > 0 && Number.isFinite(read.durationMsBelow);
    case 'http_response_status_code':
    case 'http_status_code':
      return takeStatus(operator, value, read);
    default:
      return false;
  }
}

function takeStatus(operator: string, value: string, read: Mutable): boolean {
  const from = STATUS_FROM[value];
  const below = STATUS_BELOW[value];
  if (operator === '!~' && from !== undefined) read.statusBelow = from;
  else if (operator === '=~' && from !== undefined) read.statusFrom = from;
  else if (operator === '=~' && below !== undefined) read.statusBelow = below;
  else return false;
  return true;
}
