import { createHmac } from 'node:crypto';

/**
 * `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`. The time is signed with the body, so a receiver that
 * refuses old times cannot be made to take a recorded request again.
 */
export function signBody(body: string, secret: string, nowMs: number): string {
  const unixSeconds = Math.floor(nowMs / 1_000);
  const mac = createHmac('sha256', secret).update(`${unixSeconds}.${body}`).digest('hex');
  return `t=${unixSeconds},v1=${mac}`;
}
