import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ChunksGone, type NativeInsert } from '../../core/native-insert.ts';
import { createStoreClient } from '../../store/client.ts';
import { insertNative } from '../../store/insert-native.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';

let engine: TestEngine;
let client: ClickHouseClient;

beforeAll(async () => {
  engine = await startTestEngine();
  client = engine.client;
  const window = 'SETTINGS non_replicated_deduplication_window = 100';
  for (const query of [
    `CREATE TABLE item (Id UInt64, \`Name.Text\` String) ENGINE = MergeTree ORDER BY Id ${window}`,
    `CREATE TABLE tally (Parity UInt8, Items SimpleAggregateFunction(sum, UInt64))
      ENGINE = AggregatingMergeTree ORDER BY Parity ${window}`,
    `CREATE MATERIALIZED VIEW tally_mv TO tally AS
      SELECT toUInt8(Id % 2) AS Parity, count() AS Items FROM item GROUP BY Parity`,
    `CREATE TABLE tally_of_tens (Ten UInt64, Items SimpleAggregateFunction(sum, UInt64))
      ENGINE = AggregatingMergeTree ORDER BY Ten ${window}`,
    `CREATE MATERIALIZED VIEW tally_of_tens_mv TO tally_of_tens AS
      SELECT intDiv(Id, 10) AS Ten, count() AS Items FROM item GROUP BY Ten`,
  ]) {
    await client.command({ query });
  }
});
afterAll(() => engine.close());
beforeEach(async () => {
  for (const table of ['item', 'tally', 'tally_of_tens'])
    await client.command({ query: `TRUNCATE TABLE ${table}` });
});

/** One self-contained Native block of (Id UInt64, `Name.Text` String). */
function block(ids: readonly bigint[], name: (id: bigint) => string = (id) => `n${id}`): Uint8Array {
  const numbers = Buffer.alloc(ids.length * 8);
  for (const [i, id] of ids.entries()) numbers.writeBigUInt64LE(id, i * 8);
  const texts = ids.map((id) => lengthPrefixed(name(id)));
  return Buffer.concat([
    Buffer.from([...varint(2), ...varint(ids.length)]),
    lengthPrefixed('Id'),
    lengthPrefixed('UInt64'),
    numbers,
    lengthPrefixed('Name.Text'),
    lengthPrefixed('String'),
    ...texts,
  ]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from(varint(bytes.length)), bytes]);
}

function ids(from: number, count: number): bigint[] {
  return Array.from({ length: count }, (_, i) => BigInt(from + i));
}

function insertOf(...chunks: Uint8Array[]): NativeInsert {
  return { table: 'item', columns: ['Id', 'Name.Text'], file: null, chunks, rowCount: chunks.length };
}

async function runningInserts(): Promise<number> {
  const sql = "SELECT count() AS n FROM system.processes WHERE startsWith(query, 'INSERT INTO `slow`')";
  const [row] = await (await client.query({ query: sql, format: 'JSONEachRow' })).json<{ n: string }>();
  return Number(row?.n);
}

async function stored(): Promise<{ rows: number; tallied: number }> {
  const read = async (query: string) =>
    Number((await (await client.query({ query, format: 'JSONEachRow' })).json<{ n: string }>())[0]?.n);
  return {
    rows: await read('SELECT count() AS n FROM item'),
    tallied: await read('SELECT sum(Items) AS n FROM tally'),
  };
}

describe('insertNative', () => {
  it('stores every row of every chunk as it is', async () => {
    const odd = 'line\n\nDROP TABLE item; \0 \u{1f980}';
    await insertNative(
      client,
      insertOf(
        block(ids(1, 300)),
        block([2n ** 64n - 1n], () => odd),
      ),
      'exact',
    );
    expect(await stored()).toEqual({ rows: 301, tallied: 301 });
    const query = 'SELECT Id, `Name.Text` AS Text FROM item ORDER BY Id DESC LIMIT 1';
    const last = await (await client.query({ query, format: 'JSONEachRow' })).json();
    expect(last).toEqual([{ Id: '18446744073709551615', Text: odd }]);
  });

  it('adds nothing when it is repeated under its token, also to the tallies', async () => {
    const insert = insertOf(block(ids(1, 100)), block(ids(101, 100)));
    for (let i = 0; i < 3; i++) await insertNative(client, insert, 'once');
    expect(await stored()).toEqual({ rows: 200, tallied: 200 });
  });

  it.each([
    [1, 1_000_000],
    [1_000_000, 1],
  ])(
    'adds nothing when views were side by side the one time and not the other: %i, %i rows',
    async (one, other) => {
      const insert = insertOf(...Array.from({ length: 40 }, (_, i) => block(ids(i * 2_000, 2_000))));
      for (const rowCount of [one, other]) await insertNative(client, { ...insert, rowCount }, 'both');
      expect(await stored()).toEqual({ rows: 80_000, tallied: 80_000 });
      const sql = 'SELECT sum(Items) AS n FROM tally_of_tens';
      expect(await (await client.query({ query: sql, format: 'JSONEachRow' })).json()).toEqual([
        { n: '80000' },
      ]);
    },
  );

  it('adds the same rows again under another token', async () => {
    const insert = insertOf(block(ids(1, 10)));
    await insertNative(client, insert, "a'b\\c");
    await insertNative(client, insert, 'another');
    expect(await stored()).toEqual({ rows: 20, tallied: 20 });
  });

  it('does not let its token reach the next request', async () => {
    await insertNative(client, insertOf(block(ids(1, 1))), 'sticky');
    for (let i = 0; i < 4; i++) {
      await client.insert({ table: 'item', values: [{ Id: 10 + i }], format: 'JSONEachRow' });
    }
    expect(await stored()).toEqual({ rows: 5, tallied: 5 });
  });

  it('stores what several writers send at once, each once', async () => {
    const tokens = Array.from({ length: 12 }, (_, i) => i);
    const twice = [...tokens, ...tokens];
    await Promise.all(
      twice.map((i) => insertNative(client, insertOf(block(ids(i * 50, 50))), `writer-${i}`)),
    );
    expect(await stored()).toEqual({ rows: 600, tallied: 600 });
  });

  it('tells refused data from a store that is not there', async () => {
    const whole = block(ids(1, 10));
    const refused = { code: 'store_refused', message: expect.stringContaining('Cannot insert') };
    await expect(insertNative(client, insertOf(whole.subarray(0, 40)), 'cut')).rejects.toMatchObject(refused);
    const unavailable = { code: 'store_unavailable' };
    // No sender names a column: what is not there is still to be made by a migration.
    const misnamed = { ...insertOf(whole), columns: ['Id', 'Nope'] };
    await expect(insertNative(client, misnamed, 'column')).rejects.toMatchObject(unavailable);
    const early = { ...insertOf(whole), table: 'not_made_yet' };
    await expect(insertNative(client, early, 'table')).rejects.toMatchObject(unavailable);
    const stranger = createStoreClient({ url: engine.url, token: 'wrong' });
    await expect(insertNative(stranger, insertOf(whole), 'token')).rejects.toMatchObject(unavailable);
    const nowhere = createStoreClient({ url: 'http://127.0.0.1:1' });
    await expect(insertNative(nowhere, insertOf(whole), 'network')).rejects.toMatchObject(unavailable);
    expect(await stored()).toEqual({ rows: 0, tallied: 0 });
    await Promise.all([stranger.close(), nowhere.close()]);
  });

  it.each([true, false])('stores the rows of a file, by name: %s, and once in all', async (byName) => {
    const folder = await mkdtemp(join(tmpdir(), 'plumbline-insert-'));
    const file = join(folder, 'rows.native');
    await writeFile(file, block(ids(1, 3)));
    const insert = { ...insertOf(), file, rowCount: 3 };
    for (const again of [byName, !byName]) await insertNative(client, insert, 'file', { byName: again });
    expect(await stored()).toEqual({ rows: 3, tallied: 3 });
    await rm(folder, { recursive: true });
    await expect(insertNative(client, insert, 'gone', { byName })).rejects.toBeInstanceOf(ChunksGone);
  });

  it.each([1, 1_000_000])('lets few rows pass others that take their time, of %i rows', async (rowCount) => {
    const folder = await mkdtemp(join(tmpdir(), 'plumbline-insert-'));
    const file = join(folder, 'rows.native');
    await writeFile(file, block(ids(1, 3)));
    for (const query of [
      'CREATE TABLE slow (Id UInt64, `Name.Text` String) ENGINE = Null',
      'CREATE TABLE slept (Slept UInt8) ENGINE = Null',
      'CREATE MATERIALIZED VIEW slow_mv TO slept AS SELECT sleepEachRow(1) AS Slept FROM slow',
    ])
      await client.command({ query });
    const ended: string[] = [];
    const insert = async (of: Partial<NativeInsert> & { table: string }) => {
      await insertNative(client, { ...insertOf(), file, rowCount: 3, ...of }, of.table, { byName: true });
      ended.push(of.table);
    };
    const slow = insert({ table: 'slow', rowCount });
    await expect.poll(runningInserts).toBe(1);
    await Promise.all([slow, insert({ table: 'item' })]);
    expect(ended).toEqual(['item', 'slow']);
    for (const name of ['slow_mv', 'slept', 'slow'])
      await client.command({ query: `DROP TABLE ${name} SYNC` });
    await rm(folder, { recursive: true });
  });
});
