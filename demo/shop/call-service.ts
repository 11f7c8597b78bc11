import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

const CALL_TIMEOUT_MS = 5_000;

/** Calls another service as a CLIENT span that carries W3C context. @throws Error when it does not answer 2xx */
export async function callService(baseUrl: string, method: 'GET' | 'POST', path: string): Promise<void> {
  const url = new URL(path, baseUrl);
  const attributes = {
    'http.request.method': method,
    'url.full': url.href,
    'server.address': url.hostname,
    'server.port': Number(url.port),
  };
  const options = { kind: SpanKind.CLIENT, attributes };
  await trace.getTracer('shop').startActiveSpan(method, options, async (span) => {
    const headers: Record<string, string> = {};
    propagation.inject(context.active(), headers);
    try {
      const response = await fetch(url, { method, headers, signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
      await response.arrayBuffer();
      span.setAttribute('http.response.status_code', response.status);
      if (!response.ok) throw new Error(`${method} ${url.pathname} answered ${response.status}`);
    } catch (error) {
      span.setAttribute('error.type', (error as Error).name);
      span.setStatus({ code: SpanStatusCode.ERROR, message: (error as Error).message });
      throw error;
    } finally {
      span.end();
    }
  });
}
