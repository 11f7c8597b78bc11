import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import {
  type ClickHouseClient,
  type ClickHouseSettings,
  createClient,
  drainStream,
} from '@clickhouse/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { URGENT_PRIORITY } from '../../store/query-priority.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';

let engine: TestEngine;
let client: ClickHouseClient;

beforeAll(async () => {
  engine = await startTestEngine();
  client = engine.client;
  await client.command({
    query: `CREATE TABLE exact (u UInt64, i Int64, t DateTime64(9, 'UTC'), f Nullable(Float64),
      m Map(LowCardinality(String), String)) ENGINE = MergeTree ORDER BY u`,
  });
  await client.command({ query: 'CREATE TABLE lines (s String) ENGINE = MergeTree ORDER BY s' });
});
afterAll(() => engine.close());
beforeEach(async () => {
  await client.command({ query: 'TRUNCATE TABLE lines' });
});

async function rows<Row>(query: string, params: Record<string, unknown> = {}): Promise<Row[]> {
  return (await client.query({ query, query_params: params, format: 'JSONEachRow' })).json<Row>();
}

/** A plain HTTP request with the internal token. */
async function post(
  body: string | Uint8Array,
  search = '',
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${engine.url}/?${search}`, {
    method: 'POST',
    body: body as string,
    headers: { 'X-ClickHouse-Key': engine.token, ...headers },
  });
}

describe('with the ClickHouse client', () => {
  it('answers pings', async () => {
    expect(await client.ping()).toEqual({ success: true });
    expect(await client.ping({ select: true })).toEqual({ success: true });
    for (const path of ['/ping', '/']) expect(await (await fetch(engine.url + path)).text()).toBe('Ok.\n');
  });

  it('keeps 64-bit integers, nanoseconds, NaN and text exact', async () => {
    const values = [
      {
        u: '18446744073709551615',
        i: '-9223372036854775808',
        t: '2026-01-02 03:04:05.123456789',
        f: 0.1,
        m: {},
      },
      {
        u: '9007199254740993',
        i: '9007199254740993',
        t: '1970-01-01 00:00:00.000000001',
        f: null,
        m: { a: '\n\n' },
      },
    ];
    const { summary } = await client.insert({ table: 'exact', values, format: 'JSONEachRow' });
    expect(summary?.written_rows).toBe('2');
    expect(await rows('SELECT * FROM exact ORDER BY u DESC')).toEqual(values);
    expect(await rows('SELECT nan AS n, inf AS i, NULL AS x')).toEqual([{ n: null, i: null, x: null }]);
  });

  it('binds parameters of every kind, many at once', async () => {
    const params = {
      s: "it's \\ \t\n {x:String} `; DROP TABLE lines",
      a: ["a'b", 'c\\d', ''],
      t: new Date('2026-01-02T03:04:05.678Z'),
      n: null,
      b: true,
      f: 1.5e-300,
      name: 'x',
    };
    const query = `SELECT {s:String} AS s, {a:Array(String)} AS a, {t:DateTime64(3, 'UTC')} AS t,
      {n:Nullable(String)} AS n, {b:Bool} AS b, {f:Float64} AS f, {name:Identifier} AS v FROM (SELECT 'here' AS x)`;
    const { name: _, ...given } = params;
    expect(await rows(query, params)).toEqual([{ ...given, t: '2026-01-02 03:04:05.678', v: 'here' }]);
    const many = await Promise.all(
      Array.from(
        { length: 40 },
        async (_, k) => (await rows<{ k: number }>('SELECT {k:UInt32} AS k', { k }))[0]?.k,
      ),
    );
    expect(many).toEqual(Array.from({ length: 40 }, (_, k) => k));
    await expect(rows('SELECT {x:String}')).rejects.toMatchObject({ code: '456' });
  });

  it('takes long parameters as a form', async () => {
    const ids = Array.from({ length: 30_000 }, (_, i) => `id-${i}`);
    const result = await client.query({
      query: 'SELECT length({ids:Array(String)}) AS n, {x:String} AS x',
      query_params: { ids, x: 'é\r\n--' },
      use_multipart_params_auto: true,
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([{ n: '30000', x: 'é\r\n--' }]);
  });

  it('stores small things while batches from files come in one after the other', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'plumbline-files-'));
    const [slow, quick] = [join(folder, 'slow'), join(folder, 'quick')];
    execFileSync('mkfifo', [slow]); // its insert lasts until somebody writes
    await writeFile(quick, 'quick\n');
    const batches = [slow, quick].map((file) =>
      client.command({
        query: `INSERT INTO lines FROM INFILE '${file}' COMPRESSION 'none' FORMAT TabSeparated`,
      }),
    );
    for (let i = 0; i < 10; i++) {
      await client.insert({ table: 'lines', values: [{ s: `small ${i}` }], format: 'JSONEachRow' });
    }
    expect(await rows('SELECT count() AS n FROM lines')).toEqual([{ n: '10' }]);
    await writeFile(slow, 'slow\n');
    await Promise.all(batches);
    expect(await rows("SELECT s FROM lines WHERE s NOT LIKE 'small%' ORDER BY s")).toEqual([
      { s: 'quick' },
      { s: 'slow' },
    ]);
    await rm(folder, { recursive: true });
  });

  it('applies settings to one request and to no other', async () => {
    const threads = async (settings: ClickHouseSettings) =>
      (
        await client.query({
          query: "SELECT getSetting('max_block_size') AS n",
          clickhouse_settings: settings,
        })
      ).json();
    const before = await threads({});
    expect(JSON.stringify(await threads({ max_block_size: '77' }))).toContain('77');
    for (let i = 0; i < 12; i++)
      expect(await threads({})).toMatchObject({ data: (before as { data: object }).data });
    await expect(threads({ no_such_setting: 1 })).rejects.toMatchObject({ code: '115' });
  });

  it('runs commands, streams and executes', async () => {
    await client.command({ query: 'CREATE TABLE brief (a UInt8) ENGINE = Memory' });
    await client.insert({
      table: 'brief',
      values: Readable.from([{ a: 1 }, { a: 2 }]),
      format: 'JSONEachRow',
    });
    const { stream } = await client.exec({ query: 'SELECT a FROM brief ORDER BY a FORMAT CSV' });
    expect(Buffer.concat(await stream.toArray()).toString()).toBe('1\n2\n');
    const csv = await client.exec({
      query: 'INSERT INTO brief FORMAT CSV',
      values: Readable.from(['3\n', '4\n']),
    });
    await drainStream(csv.stream);
    const streamed: unknown[] = [];
    const result = await client.query({
      query: 'SELECT a FROM brief ORDER BY a',
      format: 'JSONCompactEachRow',
    });
    for await (const batch of result.stream()) streamed.push(...batch.map((row) => row.json()));
    expect(streamed).toEqual([[1], [2], [3], [4]]);
    await client.command({ query: 'DROP TABLE brief' });
  });

  it('compresses both ways', async () => {
    const compressing = createClient({
      url: engine.url,
      username: 'plumbline',
      password: engine.token,
      compression: { request: true, response: true },
    });
    await compressing.insert({ table: 'lines', values: [{ s: 'x'.repeat(10_000) }], format: 'JSONEachRow' });
    const result = await compressing.query({
      query: 'SELECT length(s) AS n FROM lines',
      format: 'JSONEachRow',
    });
    expect(result.response_headers['content-encoding']).toBe('gzip');
    expect(await result.json()).toEqual([{ n: 10_000 }]);
    await compressing.close();
  });

  it('ends a statement inside the engine when its caller leaves', async () => {
    const leave = new AbortController();
    const query = "SELECT count() FROM numbers(100000000000000) WHERE NOT ignore('abandoned')";
    const abandoned = client.query({ query, abort_signal: leave.signal });
    const running = async () =>
      (
        await rows(
          "SELECT query FROM system.processes WHERE query LIKE '%abandoned%' AND query NOT LIKE '%processes%'",
        )
      ).length;
    await expect.poll(running).toBe(1);
    leave.abort();
    await expect(abandoned).rejects.toThrow(/abort/i);
    await expect.poll(running).toBe(0);
  });

  it('runs statements side by side, and refuses when the line is full', async () => {
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 4 }, () => rows('SELECT sleep(0.5)')));
    expect(performance.now() - startedAt).toBeLessThan(1_500);
  });

  it('reads what is urgent while all other readings stand in line', async () => {
    const done: string[] = [];
    const read = async (name: string, query: string, settings: ClickHouseSettings = {}) => {
      await (await client.query({ query, clickhouse_settings: settings })).text();
      done.push(name);
    };
    const slow = Array.from({ length: 4 }, () => read('slow', 'SELECT sleep(2)'));
    await sleep(200);
    await Promise.all([
      read('usual', 'SELECT 1'),
      read('urgent', 'SELECT 1', { priority: URGENT_PRIORITY }),
      ...slow,
    ]);
    expect(done[0]).toBe('urgent');
    expect(done.indexOf('usual')).toBeGreaterThan(1);
  });

  it('refuses what is too much at once, and is free again when callers leave', async () => {
    const leave = new AbortController();
    const statuses: number[] = [];
    const guests = Array.from({ length: 74 }, async () => {
      const answer = await fetch(`${engine.url}/?query=SELECT+sleep(3)`, { signal: leave.signal });
      statuses.push(answer.status);
    });
    await expect.poll(() => statuses).toEqual(Array(6).fill(503)); // 4 run, 64 wait
    leave.abort();
    expect((await Promise.allSettled(guests)).filter((guest) => guest.status === 'rejected')).toHaveLength(
      68,
    );
    expect((await fetch(`${engine.url}/?query=SELECT+1`)).status).toBe(200);
  });
});

describe('over plain HTTP', () => {
  it('takes a statement from the URL, from the body, and from both', async () => {
    const get = await fetch(`${engine.url}/?query=${encodeURIComponent('SELECT 1 AS a FORMAT JSONEachRow')}`);
    expect(await get.text()).toBe('{"a":1}\n');
    expect(await (await post('SELECT 2')).text()).toBe('2\n');
    expect(await (await post(' 3, 4', 'query=SELECT')).text()).toBe('3\t4\n');
    expect(await (await post('SELECT 5 AS a', 'default_format=JSONCompactEachRow')).text()).toBe('[5]\n');
    expect(await (await post('SELECT currentDatabase()', 'database=system')).text()).toBe('system\n');
    expect(await (await post('SELECT {x:String}', 'param_x=a%5Ctb')).text()).toBe('a\\tb\n');
  });

  it.each([
    ['', 'TabSeparated', 'text/tab-separated-values; charset=UTF-8'],
    ['FORMAT JSON', 'JSON', 'application/json; charset=UTF-8'],
    ['FORMAT JSONEachRow', 'JSONEachRow', 'application/x-ndjson; charset=UTF-8'],
    ['FORMAT CSVWithNames', 'CSVWithNames', 'text/csv; charset=UTF-8; header=present'],
    ['FORMAT Native', 'Native', 'application/octet-stream'],
    ['FORMAT Pretty', 'Pretty', 'text/plain; charset=UTF-8'],
  ])('says what it sends: SELECT %s', async (clause, format, contentType) => {
    const answer = await post(`SELECT 1 ${clause}`, 'query_id=my-id');
    expect(answer.headers.get('x-clickhouse-format')).toBe(format);
    expect(answer.headers.get('content-type')).toBe(contentType);
    expect(answer.headers.get('x-clickhouse-query-id')).toBe('my-id');
    expect(JSON.parse(answer.headers.get('x-clickhouse-summary') ?? '')).toMatchObject({ read_rows: '1' });
  });

  it('compresses only when both sides want it', async () => {
    const encoding = async (search: string, accept: string) =>
      (await post('SELECT 1', search, { 'Accept-Encoding': accept })).headers.get('content-encoding');
    expect(await encoding('enable_http_compression=1', 'gzip')).toBe('gzip');
    expect(await encoding('', 'gzip')).toBe(null);
    expect(await encoding('enable_http_compression=1', 'identity')).toBe(null);
  });

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('reads bodies in %s', async (encoding, compress) => {
    const headers = { 'Content-Encoding': encoding };
    expect(await (await post(compress('SELECT 6'), '', headers)).text()).toBe('6\n');
    expect((await post(compress('a\nb\n'), 'query=INSERT+INTO+lines+FORMAT+TSV', headers)).status).toBe(200);
    expect(await rows('SELECT s FROM lines ORDER BY s')).toEqual([{ s: 'a' }, { s: 'b' }]);
    const broken = await post(compress('SELECT 7').subarray(0, 12), '', headers);
    expect(broken.status).toBeGreaterThanOrEqual(400);
  });

  it.each([
    ['FORMAT on its own line', 'INSERT INTO lines FORMAT JSONEachRow\n{"s":"a"}', ['a']],
    [
      'FORMAT and data in one line',
      'INSERT INTO lines (s) FORMAT JSONEachRow {"s":"a"} {"s":"b"}',
      ['a', 'b'],
    ],
    ['VALUES', "INSERT INTO lines VALUES ('a'), ('b');", ['a', 'b']],
    ['VALUES with an expression', "INSERT INTO lines (s) VALUES (concat('a', 'b'))", ['ab']],
    ['settings', 'INSERT INTO lines SETTINGS async_insert = 0 FORMAT CSV\n"a"\n', ['a']],
    ['a comment before', "-- VALUES\nINSERT INTO default.lines /* FORMAT */ VALUES ('a')", ['a']],
    ['SELECT', "INSERT INTO lines SELECT 'a' UNION ALL SELECT 'b'", ['a', 'b']],
    ['bytes that are no UTF-8', Buffer.from('INSERT INTO lines FORMAT TSV\n\xff\n', 'latin1'), ['ÿ']],
    ['no rows', 'INSERT INTO lines FORMAT JSONEachRow\n', []],
  ])('inserts data that stands in the statement: %s', async (_, body, stored) => {
    const answer = await post(body);
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    const read = await rows<{ s: string }>(
      'SELECT if(isValidUTF8(s), s, char(195, 191)) AS s FROM lines ORDER BY s',
    );
    expect(read.map((row) => row.s)).toEqual(stored);
  });

  it.each([
    ['JSONEachRow', '{"s":"a"}\n\nDROP TABLE exact'],
    ['CSV', 'a\n\nDROP TABLE exact'],
    ['TSV', 'a\n\nDROP TABLE exact\n\n'],
    ['Values', "('a')\n\n;DROP TABLE exact"],
    ['Values', "('a');\n\nDROP TABLE exact;\n\n"],
    ['LineAsString', 'a\n\n; DROP TABLE exact;\n'],
    ['RawBLOB', 'a\n\nDROP TABLE exact\n\n'],
  ])('never runs data as SQL: %s', async (format, data) => {
    for (const body of [
      `INSERT INTO lines FORMAT ${format}\n${data}`,
      `INSERT INTO lines FORMAT ${format} ${data}`,
    ]) {
      await (await post(body)).text();
    }
    await (await post(data, `query=${encodeURIComponent(`INSERT INTO lines FORMAT ${format}`)}`)).text();
    expect(await rows('SELECT count() > 0 AS there FROM exact')).toEqual([{ there: 1 }]);
  });

  it('inserts a large streamed body and leaves no file behind', async () => {
    const line = `${'y'.repeat(1_000)}\n`;
    const chunks = Array.from({ length: 50 }, () => line.repeat(200));
    const { stream } = await client.exec({
      query: 'INSERT INTO lines FORMAT TSV',
      values: Readable.from(chunks),
    });
    await drainStream(stream);
    expect(await rows('SELECT count() AS n FROM lines')).toEqual([{ n: '10000' }]);
    const inline = await post(`INSERT INTO lines FORMAT TSV\n${line.repeat(500)}`);
    expect(inline.status).toBe(200);
    expect(await rows('SELECT count() AS n FROM lines')).toEqual([{ n: '10500' }]);
    expect(await readdir(join(engine.dataDir, 'engine-tmp'))).toEqual([]);
  });

  it.each([
    ['SELCT 1', 400, 62],
    ['SELECT 1; SELECT 2', 400, 62],
    ['SELECT nope', 404, 47],
    ['SELECT * FROM nope', 404, 60],
    ['SELECT * FROM nope.nope', 404, 81],
    ['SELECT nope()', 404, 46],
    ['SELECT 1 FORMAT Nope', 404, 73],
    ["SELECT toDate('x')", 400, 38],
    ['INSERT INTO exact (u) FORMAT JSONEachRow\n{"u":"x"}', 400, 27],
    ['INSERT INTO exact (nope) FORMAT JSONEachRow\n{"nope":1}', 404, 16],
    ['SELECT throwIf(1)', 500, 395],
  ])('fails as ClickHouse does: %s', async (body, status, code) => {
    const answer = await post(body);
    const text = await answer.text();
    expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([
      status,
      String(code),
    ]);
    expect(text).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: `));
  });

  it.each([
    ['session_id=1', 501],
    ['compress=1', 501],
    ['decompress=1', 501],
  ])('says what it does not offer: ?%s', async (search, status) => {
    const answer = await post('SELECT 1', search);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain('embedded engine does not offer');
  });

  it('answers other pages and methods with an error', async () => {
    expect((await fetch(`${engine.url}/play`)).status).toBe(404);
    expect((await fetch(engine.url, { method: 'DELETE' })).status).toBe(501);
    expect((await post('SELECT 1', '', { 'Content-Encoding': 'rot13' })).status).toBeGreaterThanOrEqual(400);
    const bytes = gunzipSync(gzipSync('SELECT 8'));
    expect(await (await post(bytes)).text()).toBe('8\n');
  });
});
