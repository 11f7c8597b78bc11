import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import type { Payload, PayloadMix } from './payload.ts';
import { pick, resourceOf, SERVICES_PER_PAYLOAD, spanAttributes } from './vocabulary.ts';

const RECORDS = 512;
const MESSAGES = [
  'Order placed, confirmation queued for delivery',
  'Cart recovered from cache after a miss on the primary',
  'Payment authorised by the provider, capture follows',
  'Upstream answered late, the request was tried again',
];

/** 512 log records: a sentence and four attributes each. */
export function logPayloads(mix: PayloadMix): Payload[] {
  return Array.from({ length: mix.payloads }, (_, index) => logPayload(mix, index));
}

function logPayload({ sources, nowMs, random }: PayloadMix, index: number): Payload {
  const exporter = new InMemoryLogRecordExporter();
  const processors = [new SimpleLogRecordProcessor({ exporter })];
  const loggers = Array.from({ length: SERVICES_PER_PAYLOAD }, (_, service) => {
    const source = (index * SERVICES_PER_PAYLOAD + service) % sources;
    return new LoggerProvider({ resource: resourceOf(service, source), processors }).getLogger(
      'shop',
      '2.14.3',
    );
  });
  for (let made = 0; made < RECORDS; made++) {
    const all = spanAttributes(random);
    const timestamp = nowMs - random() * 1_000;
    pick(random, loggers).emit({
      timestamp,
      observedTimestamp: timestamp,
      severityNumber: 9,
      severityText: 'INFO',
      body: `${pick(random, MESSAGES)} (${Math.floor(random() * 1e6)})`,
      attributes: {
        'session.id': all['session.id'] as string,
        'http.route': all['http.route'] as string,
        'shop.cart.total': all['shop.cart.total'] as number,
        'code.function.name': 'Checkout.place',
      },
    });
  }
  return {
    signal: 'logs',
    itemCount: RECORDS,
    protobuf: ProtobufLogsSerializer.serializeRequest(exporter.getFinishedLogRecords()) as Uint8Array,
  };
}
