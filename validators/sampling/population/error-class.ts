type Labels = Readonly<Record<string, string>>;

/** gRPC codes that are a server's own fault, as the conventions map them to a span's error. */
const GRPC_FAULTS = new Set(['2', '4', '12', '13', '14', '15']);
const STATUS = ['http.response.status_code', 'http.status_code'] as const;
const KNOWS = [...STATUS, 'error.type', 'rpc.grpc.status_code', 'rpc.response.status_code'] as const;

/** Whether these requests are errors as their server's span says it: 5xx, an exception, a server's gRPC fault. */
export function isErrorClass(labels: Labels): boolean {
  const status = STATUS.map((name) => labels[name] ?? '').find((text) => text !== '') ?? '';
  if (status !== '') return Number(status) >= 500;
  const type = labels['error.type'] ?? '';
  if (type !== '') return !/^4\d\d$/.test(type);
  return GRPC_FAULTS.has(labels['rpc.grpc.status_code'] ?? '');
}

/** Whether a counter tells errors at all: a view may have dropped the labels. */
export function tellsErrors(series: readonly { readonly labels: Labels }[]): boolean {
  return (
    series.some(({ labels }) => KNOWS.some((name) => (labels[name] ?? '') !== '')) &&
    !series.some(({ labels }) => labels['otel.metric.overflow'] === 'true')
  );
}
