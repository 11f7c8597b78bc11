/**
 * One spelling per counter: Prometheus adds `_total`, early SDKs had `.count`, and the HTTP, RPC and messaging
 * conventions renamed their durations when they became stable.
 * @see quality.md 3.2
 */
export function counterMetric(name: string): string {
  const plain = name.startsWith('otelcol_') ? name.replace(/_total$/, '') : name.replace(/\.count$/, '');
  return RENAMED[plain] ?? plain;
}

const RENAMED: Readonly<Record<string, string>> = {
  'http.server.duration': 'http.server.request.duration',
  'rpc.server.duration': 'rpc.server.call.duration',
};
