import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nativeOfRevision } from '../../store/engine/native-revision.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine();
});
afterAll(() => engine.close());

async function native(sql: string, search = ''): Promise<Buffer> {
  const answer = await fetch(`${engine.url}/?default_format=Native${search}`, { method: 'POST', body: sql });
  const bytes = Buffer.from(await answer.arrayBuffer());
  expect([answer.status, answer.status === 200 ? '' : bytes.toString()]).toEqual([200, '']);
  return bytes;
}

const BLOCK_INFO = Buffer.from([1, 0, 2, 255, 255, 255, 255, 0]);
const CUSTOM = Buffer.from([0]);
/** Name and type of the second column: where it begins, the first one's values end. */
const LAST = Buffer.from('\x03end\x06String');

/** One block of `v` and `end`, with what the newer revision adds put in at places found by searching. */
function expected(plain: Buffer): Buffer {
  const typeAt = plain.indexOf('\x01v') + 2;
  const typeEnd = typeAt + 1 + plain.readUInt8(typeAt);
  const lastAt = plain.lastIndexOf(LAST);
  const pieces = [
    BLOCK_INFO,
    plain.subarray(0, typeEnd),
    CUSTOM,
    plain.subarray(typeEnd, lastAt),
    LAST,
    CUSTOM,
  ];
  return Buffer.concat([...pieces, plain.subarray(lastAt + LAST.length)]);
}

describe('nativeOfRevision', () => {
  it.each([
    'toUInt8(number)',
    'toInt256(number)',
    'number / 3',
    'toBFloat16(number)',
    'toString(number)',
    "repeat('x', number % 300)",
    "toFixedString('ab', 7)",
    'toBool(number % 2)',
    'toDate(number)',
    'toDate32(number)',
    "toDateTime(number, 'UTC')",
    "toDateTime64(number, 9, 'UTC')",
    'toIntervalDay(number)',
    'toDecimal32(1, 2)',
    'toDecimal64(1, 2)',
    'toDecimal128(1, 2)',
    'toDecimal256(1, 2)',
    'generateUUIDv4()',
    'toIPv4(number)',
    "toIPv6('::1')",
    "CAST(number % 2 + 1, 'Enum8(\\'a,(\\' = 1, \\'b\\\\\\'c\\' = 2)')",
    'if(number % 2, NULL, number)',
    'NULL',
    'range(number % 5)',
    'arrayMap(x -> range(x), range(number % 4))',
    '[]',
    'toLowCardinality(toString(number % 400))',
    'toLowCardinality(if(number % 2, NULL, toString(number)))',
    'arrayMap(x -> toLowCardinality(toString(x)), range(number % 3))',
    "CAST([], 'Array(LowCardinality(String))')",
    "map('k', number)",
    "CAST(map('k', [1, NULL]), 'Map(LowCardinality(String), Array(Nullable(UInt16)))')",
    "CAST(mapFromArrays(arrayMap(x -> toString(x), range(number % 4)), range(number % 4)), 'Map(LowCardinality(String), LowCardinality(String))')",
    "(number, 'x', [toLowCardinality('y')])",
    "CAST((1, 'x'), 'Tuple(a UInt8, `b, c` Nullable(String))')",
    'tuple()',
    "CAST([(1, 'x')], 'Nested(a UInt8, b LowCardinality(String))')",
    '(1., 2.)::Point',
    '[[(1., 2.)]]::Polygon',
  ])('walks over %s', async (expression) => {
    for (const rowCount of [1, 700]) {
      const plain = await native(`SELECT ${expression} AS v, 'z' AS end FROM numbers(${rowCount})`);
      expect(nativeOfRevision(plain, 54_488)).toEqual(expected(plain));
      expect(nativeOfRevision(plain, 0)).toBe(plain);
    }
  });

  it('walks over a column that merges by itself', async () => {
    await engine.client.command({
      query: `CREATE TABLE tally (end String, v SimpleAggregateFunction(sumMap, Map(Int16, UInt64)))
        ENGINE = AggregatingMergeTree ORDER BY end`,
    });
    await engine.client.insert({
      table: 'tally',
      values: [{ v: { 1: 2 } }, { end: 'z', v: { 3: 4 } }],
      format: 'JSONEachRow',
    });
    const plain = await native('SELECT v, end FROM tally');
    expect(nativeOfRevision(plain, 54_488)).toEqual(expected(plain));
  });

  it('leaves an answer without rows empty', async () => {
    expect(nativeOfRevision(await native('SELECT 1 AS v WHERE 0'), 54_488)).toHaveLength(0);
  });

  it('takes answers of many blocks, and is what a client gets that asks for it', async () => {
    const sql = 'SELECT number, toString(number) FROM numbers(3000)';
    const plain = await native(sql, '&max_block_size=1000');
    const sent = await native(sql, '&max_block_size=1000&client_protocol_version=54488');
    expect(sent).toEqual(nativeOfRevision(plain, 54_488));
    const blockCount = (sent.length - plain.length) / (BLOCK_INFO.length + 2 * CUSTOM.length);
    expect(blockCount).toBeGreaterThanOrEqual(1);
    expect(Number.isInteger(blockCount)).toBe(true);
  });

  it('says which column it cannot send', async () => {
    const search = 'default_format=Native&client_protocol_version=54488';
    const answer = await fetch(`${engine.url}/?${search}`, {
      method: 'POST',
      body: "SELECT '{}'::JSON AS doc",
    });
    expect(answer.status).toBe(501);
    expect(await answer.text()).toContain('Column doc has type JSON');
  });

  it('refuses bytes that end early', () => {
    const bytes = Buffer.from([1, 2, 1, 118, 6, ...Buffer.from('UInt64'), 1, 2, 3]);
    expect(() => nativeOfRevision(bytes, 1)).toThrow(RangeError);
  });
});
