import { setTimeout as sleep } from 'node:timers/promises';

/** Looks again every 50 ms until it holds; fails with `what` when it does not within `msMax`. */
export async function waitUntil(what: string, holds: () => boolean, msMax = 15_000): Promise<void> {
  const untilMs = Date.now() + msMax;
  while (!holds()) {
    if (Date.now() > untilMs) throw new Error(`waited ${msMax} ms in vain for: ${what}`);
    await sleep(50);
  }
}
