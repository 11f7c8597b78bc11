import { type Html, html } from './html.ts';

/** What makes data arrive, to copy. `otlpHttpUrl` and `otlpGrpcUrl` are as this machine reaches them. */
export function firstSteps(at: { otlpHttpUrl: string; otlpGrpcUrl: string; needsKey: boolean }): Html {
  const { otlpHttpUrl, otlpGrpcUrl, needsKey } = at;
  const sdk = [
    `export OTEL_EXPORTER_OTLP_ENDPOINT=${otlpHttpUrl}`,
    'export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
    ...(needsKey ? ['export OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20<key>"'] : []),
  ].join('\n');
  const collector = [
    'exporters:',
    '  otlp_http/plumbline:',
    `    endpoint: ${otlpHttpUrl}`,
    ...(needsKey ? ['    headers: {authorization: "Bearer <key>"}'] : []),
    'service:',
    '  pipelines:',
    '    traces: {receivers: [otlp], exporters: [otlp_http/plumbline]}',
  ].join('\n');
  const span =
    '{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"hello"}}]},' +
    '"scopeSpans":[{"spans":[{"traceId":"\'$(openssl rand -hex 16)\'","spanId":"\'$(openssl rand -hex 8)\'",' +
    '"name":"hello","kind":2,"startTimeUnixNano":"\'$(date +%s)000000000\'","endTimeUnixNano":"\'$(date +%s)000000000\'"}]}]}]}';
  const curl = [
    `curl ${otlpHttpUrl}/v1/traces -H 'content-type: application/json' \\`,
    ...(needsKey ? ["  -H 'authorization: Bearer <key>' \\"] : []),
    `  -d '${span}'`,
  ].join('\n');
  return html`<section><h2>No telemetry has arrived yet</h2>
<p>Send some by OTLP (HTTP on ${otlpHttpUrl}, gRPC on ${otlpGrpcUrl}); this page follows by itself.</p>
<p>From a service with an OpenTelemetry SDK:</p><pre>${sdk}</pre>
<p>From a Collector:</p><pre>${collector}</pre>
<p>By hand, one span:</p><pre>${curl}</pre>
<p>Or see it at work: <code>npm run demo</code> runs a small shop with faults to switch on.</p></section>`;
}
