import { readStoreState } from '../../store/read-store-state.ts';
import type { Config } from '../config.ts';
import { connectStore } from '../connect-store.ts';
import { type Check, fail, ok, warn } from './check.ts';

const SKEW_MS_WARN = 500;
/** Lateness is judged in seconds: five seconds of skew make every verdict about it worthless. */
const SKEW_MS_FAIL = 5_000;

/** The store answers, has its tables, and agrees with us about the time. */
export async function checkStore(config: Config): Promise<Check[]> {
  const name = config.clickhouseUrl === undefined ? 'engine' : 'ClickHouse';
  const client = await connectStore(config);
  try {
    const askedAtMs = Date.now();
    const state = await readStoreState(client);
    // The store looked at its clock somewhere between our two looks at ours.
    const answeredAtMs = Date.now();
    const tables =
      state.migrationCount > 0
        ? ok('tables', `${state.migrationCount} migrations applied`)
        : fail('tables', 'there are none', 'start the server once; it makes them');
    return [
      ok(
        name,
        `version ${state.version} answers in ${answeredAtMs - askedAtMs} ms, up for ${state.uptimeS} s`,
      ),
      tables,
      checkSkew(Math.max(0, askedAtMs - state.nowMs, state.nowMs - answeredAtMs)),
    ];
  } catch (error) {
    const todo =
      config.clickhouseUrl === undefined ? 'see the lines the server wrote' : 'check CLICKHOUSE_URL';
    return [fail(name, `does not answer: ${(error as Error).message}`, todo)];
  } finally {
    await client.close();
  }
}

function checkSkew(skewMs: number): Check {
  const text = skewMs === 0 ? 'agrees with the clock of the store' : `differs from the store by ${skewMs} ms`;
  const todo = 'let NTP or chrony set the clocks of both machines';
  if (skewMs > SKEW_MS_FAIL) return fail('clock skew', text, todo);
  return skewMs > SKEW_MS_WARN ? warn('clock skew', text, todo) : ok('clock skew', text);
}
