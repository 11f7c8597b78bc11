import { createHmac, timingSafeEqual } from 'node:crypto';

/** Whether `X-Hub-Signature-256` is that of these bytes under the webhook's secret. */
export function isSigned(body: Buffer, header: string | undefined, secret: string): boolean {
  const [, hex = ''] = /^sha256=([0-9a-f]{64})$/.exec(header ?? '') ?? [];
  const expected = createHmac('sha256', secret).update(body).digest();
  const given = Buffer.from(hex, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
