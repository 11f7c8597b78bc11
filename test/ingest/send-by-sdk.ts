import { logs, metrics, SeverityNumber, SpanStatusCode, trace } from '@opentelemetry/api';
import { startNodeSdk } from '@opentelemetry/sdk-node';

/** Child of interop.test.ts: a service with the OpenTelemetry SDK, set up by OTEL_* variables as most are. */
const sdk = startNodeSdk();
const tracer = trace.getTracer('interop', '1.2.3');
for (let count = 0; count < 250; count++) {
  tracer.startActiveSpan(`order ${count}`, (parent) => {
    const child = tracer.startSpan('pay', {
      attributes: { amount: count, currency: 'EUR', tags: ['a', 'b'] },
    });
    child.addEvent('retry', { attempt: 2 });
    child.setStatus({ code: SpanStatusCode.ERROR, message: 'declined' });
    child.end();
    parent.end();
  });
}
const meter = metrics.getMeter('interop');
meter.createCounter('orders').add(250, { shop: 'a' });
meter.createHistogram('order.duration', { unit: 's' }).record(0.25);
meter.createObservableGauge('stock').addCallback((result) => result.observe(7));
const logger = logs.getLogger('interop');
for (let count = 0; count < 40; count++) {
  logger.emit({
    severityNumber: SeverityNumber.WARN,
    severityText: 'WARN',
    body: `log ${count}`,
    attributes: { count },
  });
}
await sdk.shutdown();
