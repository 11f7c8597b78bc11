import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judge, newJudgeMemory } from '../../jobs/judge.ts';
import { settleEdges } from '../../jobs/settle-edges.ts';
import { settleSampling } from '../../jobs/settle-sampling.ts';
import { readRows } from '../../store/read-rows.ts';
import { writeRows } from '../../store/write-rows.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { spanRow } from './span-row.ts';
import { trafficOf } from './traffic.ts';

const NOW_MS = Math.floor(Date.now() / 5_000) * 5_000;

let engines: TestEngine[];
beforeAll(async () => {
  engines = await Promise.all([startTestEngine({ migrate: true }), startTestEngine({ migrate: true })]);
});
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

/** The additive tables, each as its merged rows: what any order of the same inserts must agree on. */
async function talliesOf({ client }: TestEngine): Promise<Record<string, unknown[]>> {
  // States of bitmaps have no order: as the bytes that they are.
  const tables = await readRows<{ Name: string; Columns: string; Final: string }>(client, {
    sql: `SELECT table AS Name, any(if(engine = 'MergeTree', '', 'FINAL')) AS Final,
        arrayStringConcat(groupArray(if(type LIKE 'AggregateFunction%', concat('hex(', c.name, ') AS ', c.name, 'Hex'), c.name)), ', ') AS Columns
      FROM system.columns AS c INNER JOIN system.tables AS t ON t.database = c.database AND t.name = c.table
      WHERE t.database = currentDatabase() AND t.name LIKE 'tally_%' AND engine NOT LIKE '%View' GROUP BY table ORDER BY table`,
    params: {},
    about: 'tables',
  });
  const rows: Record<string, unknown[]> = {};
  for (const { Name, Columns, Final } of tables) {
    const sql = `SELECT ${Columns} FROM ${Name} ${Final} ORDER BY ALL`;
    rows[Name] = await readRows(client, { sql, params: {}, about: Name });
  }
  return rows;
}

describe('two ingest replicas', () => {
  it('that share the same traffic at random make the same tallies and verdicts as one', async () => {
    const [one, two] = engines as [TestEngine, TestEngine];
    // Lost since it was first seen would be no loss yet.
    const spans = [
      ...trafficOf({ untilMs: NOW_MS - 91_000, seconds: 60, lostRatio: 0 }),
      ...trafficOf({ untilMs: NOW_MS - 1_000, seconds: 90, lostRatio: 0.1 }),
    ];
    await writeRows(one.client, 'otel_traces', spans.map(spanRow));
    const [plan] = fc.sample(fc.array(fc.nat(6), { minLength: spans.length, maxLength: spans.length }), {
      seed: 7,
      numRuns: 1,
    });
    const shares = Map.groupBy(spans.toReversed(), (_, i) => plan?.[i]);
    expect(shares.size).toBe(7);
    // Two at a time, as two replicas would.
    await Promise.all(
      [0, 1].map(async (replica) => {
        for (const [share, own] of shares)
          if ((share as number) % 2 === replica) await writeRows(two.client, 'otel_traces', own.map(spanRow));
      }),
    );
    for (const { client } of engines) {
      await settleEdges({ client }, NOW_MS);
      await settleSampling({ client }, NOW_MS);
    }
    const [tallies, others] = await Promise.all([talliesOf(one), talliesOf(two)]);
    expect(Object.values(tallies).filter((rows) => rows.length > 0).length).toBeGreaterThan(6);
    expect(others).toEqual(tallies);
    const [verdicts, theirs] = await Promise.all(
      engines.map(({ client }) =>
        judge({ client, expectations: () => [], memory: newJudgeMemory() }, NOW_MS),
      ),
    );
    expect(verdicts?.map(({ outcome }) => outcome)).toContain('fail');
    expect(theirs).toEqual(verdicts);
  }, 60_000);
});
