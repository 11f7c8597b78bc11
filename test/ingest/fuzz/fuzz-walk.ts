import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'vitest';
import { hasCode } from '../../../core/errors.ts';
import type { NativeInsert } from '../../../core/native-insert.ts';
import { SIGNALS, type Signal } from '../../../core/signal.ts';
import { decodeBody } from '../../../ingest/decode-body.ts';
import { Inflater } from '../../../ingest/inflate.ts';
import { SignalBatch } from '../../../ingest/transcode/signal-batch.ts';
import { insertNative } from '../../../store/insert-native.ts';
import type { TestEngine } from '../../engine-process.ts';
import { FuzzedBodies, type FuzzedBody } from './fuzzed-bodies.ts';

/** Of a body of at most 64 KiB (1 MiB inflated), in CPU time of this thread. */
const CPU_MS_MAX = 250;
/** What a body may become as rows: each of its items repeats what the resource, the scope and the metric say. */
const ROW_BYTES_PER_BODY_MAX = 4_194_304;
/** Of all that is reachable, from the first fifth of the bodies to the end. */
const HELD_GROWTH_BYTES_MAX = 67_108_864;
const INFLATED_BYTES_MAX = 1_048_576;
const BATCH_ROWS = 2_000;

export interface FuzzResult {
  accepted: number;
  /** Accepted with a count of rejected items. */
  partial: number;
  malformed: number;
  tooLarge: number;
  items: number;
  bytes: number;
  cpuMsMax: number;
  rowBytesMax: number;
  storedRows: number;
}

/** One signal's batch, and what went into it. */
class Gathering {
  readonly batch: SignalBatch;
  readonly signal: Signal;
  readonly context: { readonly receivedAtMs: number; readonly tenant: string };
  readonly decoded: Uint8Array[] = [];
  acceptedItems = 0;
  rejectedItems = 0;

  constructor(signal: Signal, tenant: string) {
    this.signal = signal;
    this.batch = new SignalBatch(signal);
    this.context = { receivedAtMs: Date.now(), tenant };
  }
}

/**
 * Sends fuzzed bodies the way of the ingest role: decode, walk. Each ends as accepted, whole or with a count of
 * rejected items that adds up, or is refused for good, in bounded time and memory. Each batch is made again from what
 * was accepted, byte for byte: what was refused in between left no trace. The last ones, and one of every
 * `storeEvery`, are inserted into the real engine: rows and tallies add up.
 */
export async function fuzzWalk(
  engine: TestEngine,
  {
    seed,
    count,
    storeEvery = Number.POSITIVE_INFINITY,
  }: { seed: number; count: number; storeEvery?: number },
): Promise<FuzzResult> {
  const bodies = new FuzzedBodies(seed);
  const inflater = new Inflater({ bytesMax: INFLATED_BYTES_MAX });
  const result: FuzzResult = {
    accepted: 0,
    partial: 0,
    malformed: 0,
    tooLarge: 0,
    items: 0,
    bytes: 0,
    cpuMsMax: 0,
    rowBytesMax: 0,
    storedRows: 0,
  };
  let batches = 0;
  const fresh = (signal: Signal) => new Gathering(signal, `fuzz ${seed} ${++batches}`);
  const gatherings = { traces: fresh('traces'), metrics: fresh('metrics'), logs: fresh('logs') };
  const isSampled = () => batches % storeEvery === 0;
  let heldBytes = Number.NaN;
  for (let index = 0; index < count; index++) {
    const fuzzed = bodies.at(index);
    const gathering = gatherings[fuzzed.signal];
    await tellingWhich({ seed, index, fuzzed }, () => takeOne(fuzzed, gathering, inflater, result));
    if (gathering.batch.rowCount >= BATCH_ROWS) {
      const inserts = sealed(gathering);
      if (isSampled()) result.storedRows += await store(engine, gathering, inserts);
      gatherings[fuzzed.signal] = fresh(fuzzed.signal);
    }
    if (index === Math.floor(count / 5)) heldBytes = held();
  }
  for (const signal of SIGNALS) {
    const gathering = gatherings[signal];
    result.storedRows += await store(engine, gathering, sealed(gathering));
    gatherings[signal] = fresh(signal);
  }
  expect(held() - heldBytes).toBeLessThan(HELD_GROWTH_BYTES_MAX);
  return result;
}

/** With node:assert, a hundred times cheaper than `expect` where nothing is wrong. */
async function takeOne(
  fuzzed: FuzzedBody,
  gathering: Gathering,
  inflater: Inflater,
  result: FuzzResult,
): Promise<void> {
  const { batch, context } = gathering;
  const before = { rows: batch.rowCount, bytes: batch.byteCount };
  const cpuBefore = process.threadCpuUsage();
  try {
    const { body } = await decodeBody(fuzzed.signal, fuzzed, inflater);
    const { itemCount, rejectedCount, rejections } = batch.append(body, context);
    gathering.decoded.push(body);
    gathering.acceptedItems += itemCount - rejectedCount;
    gathering.rejectedItems += rejectedCount;
    result[rejectedCount === 0 ? 'accepted' : 'partial']++;
    result.items += itemCount;
    assert.equal(
      rejections.reduce((sum, { items }) => sum + items, 0),
      rejectedCount,
    );
    assert.equal(batch.rowCount - before.rows, itemCount - rejectedCount);
    result.rowBytesMax = Math.max(result.rowBytesMax, batch.byteCount - before.bytes);
  } catch (error) {
    if (hasCode(error, 'otlp_malformed')) result.malformed++;
    else if (hasCode(error, 'otlp_too_large')) result.tooLarge++;
    else throw error;
    assert.equal(batch.rowCount, before.rows);
  }
  const { user, system } = process.threadCpuUsage(cpuBefore);
  result.cpuMsMax = Math.max(result.cpuMsMax, (user + system) / 1_000);
  result.bytes += fuzzed.body.length;
  assert.ok(result.cpuMsMax < CPU_MS_MAX, `${result.cpuMsMax} is not below CPU_MS_MAX`);
  assert.ok(
    result.rowBytesMax < ROW_BYTES_PER_BODY_MAX,
    `${result.rowBytesMax} is not below ROW_BYTES_PER_BODY_MAX`,
  );
}

/** What failed, with all that replays it. */
async function tellingWhich(
  { seed, index, fuzzed }: { seed: number; index: number; fuzzed: FuzzedBody },
  take: () => Promise<void>,
): Promise<void> {
  try {
    await take();
  } catch (error) {
    const { signal, contentType, contentEncoding, body } = fuzzed;
    const what = `Body ${index} of seed ${seed}: ${signal}, ${contentType}, ${contentEncoding}, ${body.toString('base64')}`;
    throw new Error(what, { cause: error });
  }
}

function held(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The batch, after it was compared with one of what was accepted. */
function sealed({ batch, signal, context, decoded }: Gathering): NativeInsert[] {
  const again = new SignalBatch(signal);
  for (const body of decoded) again.append(body, context);
  const inserts = batch.seal();
  expect(digestsOf(again.seal())).toEqual(digestsOf(inserts));
  return inserts;
}

async function store(
  engine: TestEngine,
  { context, acceptedItems, rejectedItems }: Gathering,
  inserts: readonly NativeInsert[],
): Promise<number> {
  for (const insert of inserts) await insertNative(engine.client, insert, context.tenant);
  const items = (table: string, sum: string) => sumOf(engine, table, sum, context.tenant);
  let rows = 0;
  for (const { table } of inserts) if (table !== 'tally_rejection') rows += await items(table, 'count()');
  expect(rows).toBe(acceptedItems);
  expect(await items('tally_source', 'sum(Items)')).toBe(acceptedItems);
  expect(await items('tally_rejection', 'sum(Items)')).toBe(rejectedItems);
  return rows;
}

function digestsOf(inserts: readonly NativeInsert[]): string[] {
  return inserts.map(({ table, chunks, rowCount }) => {
    const digest = createHash('sha256');
    for (const chunk of chunks) digest.update(chunk);
    return `${table} ${rowCount} ${digest.digest('hex')}`;
  });
}

async function sumOf(engine: TestEngine, table: string, sum: string, tenant: string): Promise<number> {
  const result = await engine.client.query({
    query: `SELECT toUInt64(${sum}) AS n FROM ${table} WHERE Tenant = {tenant:String}`,
    query_params: { tenant },
    format: 'JSONEachRow',
  });
  const [row] = await result.json<{ n: string }>();
  return Number(row?.n);
}
