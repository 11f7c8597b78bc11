import { randomFrom } from '../../core/random-from.ts';
import { LOCAL, REMOTE, type SpanRow } from './span-row.ts';

const PER_SECOND = 20;

/**
 * Requests through gateway, checkout and payment, which arrive in one export a second of each service; checkout
 * loses single spans. Ends at `untilMs`.
 */
export function trafficOf(of: { untilMs: number; seconds: number; lostRatio: number }): SpanRow[] {
  const random = randomFrom(of.seconds);
  const id = (length: number) =>
    Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('');
  return Array.from({ length: of.seconds * PER_SECOND }, (_, request) => {
    const startMs = of.untilMs - of.seconds * 1_000 + Math.floor((request * 1_000) / PER_SECOND);
    const receivedMs = Math.ceil(startMs / 1_000) * 1_000 + 50;
    const traceId = id(32);
    const calls = ['gateway', 'checkout', 'payment'].flatMap((service) => [
      { service, kind: 'Server', spanId: id(16) } as const,
      { service, kind: 'Client', spanId: id(16) } as const,
    ]);
    return calls.flatMap(({ service, kind, spanId }, i): SpanRow[] => {
      if (service === 'checkout' && random() < of.lostRatio) return [];
      const parentSpanId = calls[i - 1]?.spanId ?? '';
      const flags = kind === 'Server' ? REMOTE : LOCAL;
      return [{ service, kind, spanId, parentSpanId, traceId, flags, startMs, durationMs: 5, receivedMs }];
    });
  }).flat();
}
