import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStoreClient } from '../../store/client.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';

let engine: TestEngine;
let folder: string;
const SECRET = 'secret-of-this-machine';

beforeAll(async () => {
  engine = await startTestEngine();
  folder = await mkdtemp(join(tmpdir(), 'plumbline-secret-'));
  await writeFile(join(folder, 'secret.csv'), `${SECRET},1\n`);
  await engine.client.command({ query: 'CREATE TABLE t (a UInt64, s String) ENGINE = MergeTree ORDER BY a' });
  await engine.client.insert({ table: 't', values: [{ a: 1, s: 'x' }], format: 'JSONEachRow' });
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

/** A caller without credentials. `<file>` stands for a readable file, `<out>` for a path to write to. */
async function ask(sql: string, search = ''): Promise<{ status: number; code: number; text: string }> {
  const body = sql.replaceAll('<file>', join(folder, 'secret.csv')).replaceAll('<out>', join(folder, 'out'));
  const answer = await fetch(`${engine.url}/?${search}`, { method: 'POST', body });
  const code = Number(answer.headers.get('x-clickhouse-exception-code') ?? 0);
  return { status: answer.status, code, text: await answer.text() };
}

describe('a caller without the internal token', () => {
  it.each([
    ['SELECT count() FROM t', '1\n'],
    ['select a, s from default.t format JSONEachRow', '{"a":1,"s":"x"}\n'],
    ['  -- a comment\n (SELECT 1) UNION ALL (SELECT 1);', '1\n1\n'],
    ['WITH 2 AS x SELECT x', '2\n'],
    ['DESCRIBE TABLE t', 'a\tUInt64\t\t\t\t\t\ns\tString\t\t\t\t\t\n'],
    ['SHOW TABLES', 't\n'],
    ['EXISTS TABLE t', '1\n'],
    ["SELECT 'INTO OUTFILE ; file()' AS `into outfile`", 'INTO OUTFILE ; file()\n'],
    ["SELECT 'it''s', 'a\\'b', \"a\" FROM (SELECT 3 AS a)", "it\\'s\ta\\'b\t3\n"],
    ['SELECT $$heredoc;$$, ‘typographic’', 'heredoc;\ttypographic\n'],
    ['SELECT 6/2 /* /* nested */ comments */ - 1 -- end', '2\n'],
    ['SELECT sum(number) FROM numbers(4) SETTINGS max_block_size = 1', '6\n'],
    ["SELECT format('{}', 'x'), char(0x66), x'41'", 'x\tf\tA\n'],
    ["SELECT count() > 0 FROM system.columns WHERE name = 'readonly'", '1\n'],
  ])('may ask %s', async (sql, answer) => {
    expect(await ask(sql)).toEqual({ status: 200, code: 0, text: answer });
  });

  const refused = 'refused as no read (164)';
  const closed = 'refused as closed (497)';
  const CODE: Readonly<Record<string, number>> = { [refused]: 164, [closed]: 497, syntax: 62 };
  it.each([
    ['INSERT INTO t VALUES (2, 2)', refused],
    ['INSERT INTO t SELECT 2, 2', refused],
    ['INSERT INTO t FORMAT JSONEachRow\n{"a":2}', refused],
    ["INSERT INTO FUNCTION file('<out>', 'CSV') SELECT 1", refused],
    ['CREATE TABLE u (a UInt8) ENGINE = Memory', refused],
    ['DROP TABLE t', refused],
    ['/**/ DROP /**/ TABLE t', refused],
    ['ALTER TABLE t DELETE WHERE 1', refused],
    ['TRUNCATE TABLE t', refused],
    ['OPTIMIZE TABLE t FINAL', refused],
    ['KILL QUERY WHERE 1', refused],
    ['SYSTEM FLUSH LOGS', refused],
    ['SET max_threads = 1', refused],
    ['SET ROLE plumbline_internal', refused],
    ['USE system', refused],
    ['GRANT ALL ON *.* TO default', refused],
    ["ATTACH TABLE u FROM '<out>' (a UInt8) ENGINE = Memory", refused],
    ['WITH 1 AS x INSERT INTO t SELECT x, 2', closed],
    ["WITH 1 AS x INSERT INTO FUNCTION file('<out>', 'CSV') SELECT x", closed],
    ["EXPLAIN PIPELINE INSERT INTO FUNCTION file('<out>', 'CSV') SELECT 1", closed],
    ["SELECT * FROM file('<file>')", closed],
    ["SELECT * FROM `file`('<file>')", closed],
    ['SELECT * FROM "file" /* x */ (\'<file>\')', closed],
    ["SELECT * FROM `\\x66ile`('<file>')", closed],
    ["SELECT * FROM “file”('<file>')", closed],
    ["SELECT file('<file>')", closed],
    ["SELECT 1 WHERE 'x' IN (SELECT file ('<file>'))", closed],
    ["DESCRIBE file('<file>')", closed],
    ["DESCRIBE TABLE file('<file>')", closed],
    ["SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')", closed],
    ["SELECT * FROM s3('http://127.0.0.1:1/x', 'CSV')", closed],
    ["SELECT * FROM remote('127.0.0.1', 'default', 't')", closed],
    ["SELECT * FROM remoteSecure('127.0.0.1', 'default', 't')", closed],
    ["SELECT * FROM cluster('default', 'default', 't')", closed],
    ["SELECT * FROM executable('id', 'TSV', 's String')", closed],
    ["SELECT * FROM sqlite('<file>', 't')", closed],
    ["SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')", closed],
    ["SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')", closed],
    ["SELECT * FROM odbc('x', 'y', 'z')", closed],
    ["SELECT * FROM iceberg('http://127.0.0.1:1/')", closed],
    ['SELECT * FROM loop(t)', closed],
    ["SELECT * FROM eval('SELECT 1')", closed],
    ["SELECT 1 INTO OUTFILE '<out>'", closed],
    ["SELECT 1 into /**/ outfile '<out>' FORMAT CSV", closed],
    ["SHOW TABLES INTO OUTFILE '<out>'", closed],
    ["SELECT 1 FORMAT Template SETTINGS format_template_resultset = '<file>'", closed],
    ["SELECT 1 SETTINGS format_template_resultset = '<file>'", refused],
    ["SELECT 1 SETTINGS format_schema = '<file>:x'", refused],
    ['SELECT * FROM plumbline_local_files.`<file>`', closed],
    ['SELECT * FROM `plumbline_local_files`.`<file>`', closed],
    ['SELECT * FROM `plumbline\\x5flocal_files`.`<file>`', closed],
    ["SELECT hasColumnInTable('plumbline_local_files', '<file>', 'c1')", closed],
    ['SELECT 1 SETTINGS readonly = 0', refused],
    ['SELECT 1 SETTINGS `readonly` = 0', refused],
    ['SELECT 1 SETTINGS max_threads = 1, max_execution_time = 0', refused],
    ['SELECT * FROM (SELECT 1 SETTINGS max_memory_usage = 0)', refused],
    ['SELECT 1; DROP TABLE t', 'syntax'],
    ['SELECT 1;\n\nDROP TABLE t', 'syntax'],
    ["SELECT '\\'; DROP TABLE t; --'; DROP TABLE t", 'syntax'],
    ['SELECT 1 /* unclosed', 'syntax'],
    ["SELECT 'unclosed", 'syntax'],
    ['', 'syntax'],
    [';', 'syntax'],
  ])('is refused: %s (%s)', async (sql, how) => {
    const answer = await ask(sql);
    expect(answer.code).toBe(CODE[how]);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.text).toMatch(/^Code: \d+\. DB::Exception: .{20,}/s);
    expect(answer.text).not.toContain(SECRET);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  it.each([
    ['a file by its path', 'SELECT * FROM `<file>`'],
    ['a file in the default database', 'SELECT * FROM default.`<file>`'],
    ['a file as a string', "SELECT * FROM '<file>'"],
    ['a comment that ends elsewhere', "SELECT 1 // ' \n, file('<file>') // '"],
    ['a comment without its blank', "SELECT 1 #' \n, file('<file>') #'"],
    ['the files by merge', "SELECT * FROM merge('plumbline_local' || '_files', '.*')"],
    ['several with PARALLEL WITH', 'SELECT 1 PARALLEL WITH DROP TABLE t'],
    ['another user', 'EXECUTE AS default SELECT 1'],
  ])('does not get at %s', async (_, sql) => {
    const answer = await ask(sql);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.text).not.toContain(SECRET);
    expect((await ask('SELECT count() FROM t')).text).toBe('1\n');
  });

  it.each([
    ['readonly=0', 164],
    ['max_result_bytes=0&result_overflow_mode=break', 164],
    ['dialect=kusto', 164],
    ['format_schema=x', 164],
    ['default_format=Template', 497],
    ['database=plumbline_local_files', 497],
    ['param_d=plumbline_local_files', 497],
    ['session_id=1', 48],
    ['role=plumbline_internal', 48],
    ['a%20b=1', 115],
    ['log_comment%3D1%2Creadonly=1', 115],
    ['no_such_setting=1', 115],
    ['database=nowhere', 81],
  ])('cannot lift anything by ?%s', async (search, code) => {
    const answer = await ask('SELECT 1', search);
    expect(answer.code).toBe(code);
    expect(answer.status).toBeGreaterThanOrEqual(400);
  });

  it('may lower its limits, and gets no more than there is', async () => {
    const timeOf = async (search: string) =>
      (await ask("SELECT getSetting('max_execution_time')", search)).text;
    expect(await timeOf('max_execution_time=5')).toBe('5\n');
    expect(await timeOf('max_execution_time=0')).toBe('60\n');
    expect(await timeOf('max_execution_time=600&readonly=1')).toBe('60\n');
    const slow = await ask('SELECT sleep(3)', 'max_execution_time=1');
    expect([slow.status, slow.code]).toEqual([408, 159]);
    const large = await ask('SELECT repeat(toString(number), 1000) FROM numbers(1000000)');
    expect([large.status, large.code]).toEqual([413, 396]);
  });

  it('may be a guest by name, and is told when a password is wrong', async () => {
    const as = async (authorization: string) =>
      (await fetch(`${engine.url}/?query=SELECT+1`, { headers: { Authorization: authorization } })).status;
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    expect(await as(basic('default:'))).toBe(200);
    expect(await as(basic('grafana:'))).toBe(200);
    expect(await as(basic('default:guess'))).toBe(403);
    expect(await as(basic('plumbline:'))).toBe(403);
    expect(await as(basic(`plumbline:${engine.token}x`))).toBe(403);
    expect((await ask('SELECT 1', 'user=default&password=guess')).code).toBe(516);
  });

  it('reads with the ClickHouse client, parameters and all', async () => {
    const client = createStoreClient({ url: engine.url });
    const rows = await client.query({
      query: 'SELECT a FROM {t:Identifier} WHERE s = {s:String}',
      query_params: { t: 't', s: 'x' },
      format: 'JSONEachRow',
    });
    expect(await rows.json()).toEqual([{ a: '1' }]);
    await expect(client.command({ query: 'DROP TABLE t' })).rejects.toMatchObject({ code: '164' });
    await expect(
      client.insert({ table: 't', values: [{ a: 2 }], format: 'JSONEachRow' }),
    ).rejects.toMatchObject({ code: '164' });
    await client.close();
  });
});
