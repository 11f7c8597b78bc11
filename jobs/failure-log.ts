import type { Log } from '../core/log.ts';

const FIRST_GAP_MS = 5_000;
const GAP_MS_MAX = 300_000;
/** What works and fails in turn, second by second, has not recovered. */
const QUIET_MS = 2_000;

/** Says a failure that repeats once, then ever more rarely (5 s, 10 s ... 5 min), and says when it is over. */
export interface FailureLog {
  failed(error: unknown): void;
  /** To be called at every success; it is over after two seconds without a failure. */
  recovered(): void;
}

/**
 * @param say.failing what does not work, what that means and what to do, as one sentence
 * @param say.recovered the sentence when it works again
 */
export function createFailureLog(
  say: { readonly failing: string; readonly recovered: string },
  { log, now }: { log: Log; now: () => number },
): FailureLog {
  let failCount = 0;
  let sinceMs = 0;
  let lastMs = 0;
  let nextSayMs = 0;
  let gapMs = FIRST_GAP_MS;
  return {
    failed(error) {
      const nowMs = now();
      if (failCount === 0) {
        sinceMs = nowMs;
        nextSayMs = nowMs;
        gapMs = FIRST_GAP_MS;
      }
      failCount++;
      lastMs = nowMs;
      if (nowMs < nextSayMs) return;
      const reason = error instanceof Error ? error.message : String(error);
      log.error({ reason, failCount, forS: (nowMs - sinceMs) / 1_000 }, say.failing);
      nextSayMs = nowMs + gapMs;
      gapMs = Math.min(GAP_MS_MAX, gapMs * 2);
    },
    recovered() {
      if (failCount === 0 || Math.abs(now() - lastMs) < QUIET_MS) return;
      log.info({ failCount, forS: (lastMs - sinceMs) / 1_000 }, say.recovered);
      failCount = 0;
    },
  };
}
