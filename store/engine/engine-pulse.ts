import type { Session } from 'chdb';

/** ClickHouse's ABORTED: what everything answers after a fatal error inside the engine. */
const ABORTED = 236;

/**
 * After a failure that may mean that the engine is dead: asks it for a sign of life. An engine that stopped itself
 * leaves its process behind, which would answer every statement with an error for ever; a crash is a restart.
 * @param crash ends the process
 */
export async function feelPulse(
  session: Pick<Session, 'queryAsync'>,
  failure: unknown,
  crash: (reason: Error) => void,
): Promise<void> {
  const code = (failure as { clickhouseCode?: unknown } | null)?.clickhouseCode;
  if (code !== undefined && code !== ABORTED) return;
  try {
    await session.queryAsync('SELECT 1');
  } catch (error) {
    crash(
      new Error('The engine answers nothing any more; its process ends to be started anew.', {
        cause: error,
      }),
    );
  }
}
