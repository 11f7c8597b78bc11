import { setTimeout as sleep } from 'node:timers/promises';

/** Looks again every 20 ms until it holds; fails with `what` when it does not within `msMax`. */
export async function waitUntil(
  what: string,
  holds: () => boolean | Promise<boolean>,
  msMax = 10_000,
): Promise<void> {
  const untilMs = Date.now() + msMax;
  while (!(await holds())) {
    if (Date.now() > untilMs) throw new Error(`waited ${msMax} ms in vain for: ${what}`);
    await sleep(20);
  }
}
