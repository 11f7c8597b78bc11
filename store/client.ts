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

/** The one way to ClickHouse. Whoever creates it closes it. */
export function createStoreClient(address: StoreAddress): ClickHouseClient {
  return createClient({
    url: address.url,
    username: address.token === undefined ? (address.user ?? 'default') : 'plumbline',
    password: address.token ?? address.password ?? '',
    database: address.database ?? 'default',
    application: 'plumbline',
    // An insert of 256,000 rows may wait behind others; giving up earlier would only send it twice.
    request_timeout: 120_000,
    max_open_connections: 16,
    // Every failure is thrown and told once, by whoever catches it.
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: { output_format_json_quote_64bit_integers: 1 }, // a double holds 53 bits
  });
}
