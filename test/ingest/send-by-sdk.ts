import { logs, metrics, SeverityNumber, SpanStatusCode, trace } from '@opentelemetry/api';
import { NodeSDK, startNodeSdk } from '@opentelemetry/sdk-node';
import { type IdGenerator, RandomIdGenerator } from '@opentelemetry/sdk-trace';

/** Every so many spans and log records cannot be stored: no span id, and a body nested too deep. 0: none. */
const INVALID_EVERY = Number(process.env['INVALID_EVERY'] ?? 0);
const isInvalid = (count: number) => INVALID_EVERY > 0 && count % INVALID_EVERY === 0;

const random = new RandomIdGenerator();
let spanCount = 0;
const idGenerator: IdGenerator = {
  generateTraceId: () => random.generateTraceId(),
  generateSpanId: () => (isInvalid(spanCount++) ? '0'.repeat(16) : random.generateSpanId()),
};

function startFaultySdk(): NodeSDK {
  const sdk = new NodeSDK({ idGenerator });
  sdk.start();
  return sdk;
}

/** Child of the tests with real clients: a service with the SDK, set up by OTEL_* variables as most are. */
const sdk = INVALID_EVERY === 0 ? startNodeSdk() : startFaultySdk();
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
const tooDeep = JSON.parse(`${'['.repeat(70)}${']'.repeat(70)}`) as [];
for (let count = 0; count < 40; count++) {
  logger.emit({
    severityNumber: SeverityNumber.WARN,
    severityText: 'WARN',
    body: isInvalid(count) ? tooDeep : `log ${count}`,
    attributes: { count },
  });
}
await sdk.shutdown();
