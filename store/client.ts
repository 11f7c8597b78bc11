import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';

/** How to reach ClickHouse: our engine by its internal token, or any server by user and password. */
export interface StoreAddress {
  readonly url: string;
  /** Internal token of the embedded engine; travels as the password of user `plumbline`. */
  readonly token?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly database?: string | undefined;
}

/**
 * Machine code for an expression is made in 125 ms on a busy machine, nine times in ten seconds in the first minute after
 * a start (4,000 spans a second, 2 cores), and our statements look at too few rows to earn it back.
 */
const NO_COMPILING = {
  compile_expressions: 0,
  compile_aggregate_expressions: 0,
  compile_sort_description: 0,
} as const;

const addresses = new WeakMap<ClickHouseClient, StoreAddress>();

/** The one way to ClickHouse. Whoever creates it closes it. */
export function createStoreClient({ url, token, user, password, database }: StoreAddress): ClickHouseClient {
  const client = createClient({
    url,
    username: token === undefined ? (user ?? 'default') : 'plumbline',
    password: token ?? password ?? '',
    database: database ?? 'default',
    application: 'plumbline',
    // An insert of 256,000 rows may wait behind others; giving up earlier would only send it twice.
    request_timeout: 120_000,
    max_open_connections: 16,
    // Every failure is thrown and told once, by whoever catches it.
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: {
      output_format_json_quote_64bit_integers: 1, // a double holds 53 bits
      ...NO_COMPILING,
    },
  });
  addresses.set(client, { url, token, user, password, database });
  return client;
}

/** For another thread, which makes a client of its own to the same store. */
export function storeAddressOf(client: ClickHouseClient): StoreAddress {
  const address = addresses.get(client);
  if (address === undefined) throw new Error('This client was not made by createStoreClient.');
  return address;
}
