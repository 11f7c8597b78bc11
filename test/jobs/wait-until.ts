import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Looks again every 100 ms until it holds; fails with `what` when it does not within `msMax`. Patient, because a first
 * start takes 2 s of processor time, which on a busy machine is a minute.
 */
export async function waitUntil(
  what: string,
  holds: () => boolean | Promise<boolean>,
  msMax = 100_000,
): Promise<void> {
  const untilMs = Date.now() + msMax;
  while (!(await holds())) {
    if (Date.now() > untilMs) throw new Error(`waited ${msMax} ms in vain for: ${what}`);
    await sleep(100);
  }
}
