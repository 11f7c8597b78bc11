import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Verdict } from '../../core/verdict.ts';
import { KeptVerdict, VERDICT_ROW_COLUMNS, VerdictRows, verdictKey } from '../../store/verdict-rows.ts';
import { insertVerdicts } from '../../store/verdicts.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { verdictOf } from '../gates/judged-world.ts';

const NOW_MS = Date.now();
const LONG = 'é'.repeat(20_000);
const VERDICTS: readonly Verdict[] = [
  verdictOf({ evaluatedAtMs: NOW_MS, serviceName: 'ab', serviceInstanceId: 'c' }),
  verdictOf({ evaluatedAtMs: NOW_MS + 1, serviceName: 'a', serviceInstanceId: 'bc', outcome: 'fail' }),
  {
    ...verdictOf({ evaluatedAtMs: NOW_MS + 2, serviceName: 'é\u001f'.repeat(60), outcome: 'unknown' }),
    upper: null,
    lower: null,
    reasons: [{ code: 'LONG', text: LONG }],
  },
  verdictOf({ evaluatedAtMs: NOW_MS + 3, serviceName: '', n: 2 ** 40 + 1 }),
];

let engine: TestEngine;
let bytes: Buffer;
/** Where each row ends. */
let ends: number[];
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true });
  await insertVerdicts(engine.client, VERDICTS);
  bytes = Buffer.alloc(0);
  ends = [];
  for (const [i] of VERDICTS.entries()) {
    const query = `SELECT ${VERDICT_ROW_COLUMNS} FROM verdicts ORDER BY EvaluatedAt LIMIT 1 OFFSET ${i} FORMAT RowBinary`;
    const { stream } = await engine.client.exec({ query });
    bytes = Buffer.concat([bytes, await buffer(stream)]);
    ends.push(bytes.length);
  }
});
afterAll(() => engine.close());

/** What `rows` says of each row that has come, and the verdict itself. */
function take(rows: VerdictRows): unknown[] {
  const taken: unknown[] = [];
  while (rows.next()) {
    const kept = new KeptVerdict();
    rows.keepIn(kept);
    const { key, n, outcome, upper, evaluatedAtMs, validUntilMs } = rows;
    const verdict = kept.verdict(rows.about);
    const { reasons, estimators, evidence } = verdict;
    const whole = { ...verdict, reasons, estimators, evidence };
    taken.push({ key, n, outcome, upper, evaluatedAtMs, validUntilMs, whole });
  }
  return taken;
}

const EXPECTED = VERDICTS.map((whole) => {
  const { n, outcome, upper, evaluatedAtMs, validUntilMs } = whole;
  const known = upper ?? Number.POSITIVE_INFINITY;
  return { key: verdictKey(whole), n, outcome, upper: known, evaluatedAtMs, validUntilMs, whole };
});

describe('VerdictRows', () => {
  it('are the same wherever the wire cut them', () => {
    // Every cut within the first rows, and some within a long text and the last row.
    const cuts = [...Array(1_200).keys(), 20_000, 40_000, bytes.length - 700, bytes.length - 1];
    for (const cut of cuts) {
      const rows = new VerdictRows();
      rows.push(bytes.subarray(0, cut));
      const first = take(rows);
      expect(rows.isAtEnd).toBe([0, ...ends].includes(cut));
      rows.push(bytes.subarray(cut));
      expect([...first, ...take(rows)]).toEqual(EXPECTED);
      expect(rows.isAtEnd).toBe(true);
    }
  });

  it('come whole out of single bytes, and of more at once than it holds', () => {
    const rows = new VerdictRows();
    const taken = [...bytes].flatMap((_, i) => {
      // Most of the long text in one piece: each byte walks over what is there.
      if (i > 2_000 && i < 40_000) return [];
      rows.push(i === 2_000 ? bytes.subarray(2_000, 40_000) : bytes.subarray(i, i + 1));
      return take(rows);
    });
    expect(taken).toEqual(EXPECTED);
    const many = new VerdictRows();
    many.push(Buffer.concat(Array<Buffer>(10).fill(bytes)));
    expect(take(many)).toEqual(Array(10).fill(EXPECTED).flat());
  });
});

describe('KeptVerdict', () => {
  it('is as it was for who read it before its renewal, and lets go of what was long', () => {
    const rows = new VerdictRows();
    rows.push(bytes);
    for (let i = 0; i < 3; i++) rows.next();
    const kept = new KeptVerdict();
    rows.keepIn(kept);
    const before = kept.verdict(rows.about);
    expect(kept.bytes.length).toBeGreaterThan(40_000);
    rows.next();
    rows.keepIn(kept);
    expect(before.reasons).toEqual([{ code: 'LONG', text: LONG }]);
    expect(kept.verdict(rows.about).n).toBe(2 ** 40 + 1);
    expect(kept.bytes.length).toBeLessThan(1_000);
  });
});
