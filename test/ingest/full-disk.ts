import { join } from 'node:path';
import { expect } from 'vitest';
import { readRows } from '../../store/read-rows.ts';
import { writeRows } from '../../store/write-rows.ts';
import { startTestEngine } from '../engine-process.ts';
import { spanRow, traceIdOf } from '../store/span-row.ts';
import { startIngestProcess } from './ingest-process.ts';
import { Load } from './load.ts';
import { smallDisk } from './small-disk.ts';
import { StoreGate } from './store-gate.ts';

const MEBIBYTE = 1_048_576;

/**
 * The disk of the spool fills while the store is away, and space is freed. With a reserve (`diskFreeBytesMin`) the
 * disk then fills a second time, and the store comes back to it: the file is as large as the disk, and what is freed
 * inside it must do. Without one, ingest runs into the full disk itself. Refusals tell senders to come back (checked
 * by the load), nothing ends, and what was acknowledged is stored once.
 */
export async function fullSpoolDisk({
  bytes,
  diskFreeBytesMin,
}: {
  bytes: number;
  diskFreeBytesMin: number;
}): Promise<void> {
  await using disk = await smallDisk(bytes);
  const engine = await startTestEngine({ migrate: true, tallies: ['tally_source'] });
  const gate = await StoreGate.to(engine.url);
  const ingest = await startIngestProcess(
    { dataDir: disk.path, diskFreeBytesMin, batchAgeMsMax: 50, drainMsMax: 10_000 },
    { url: gate.url, token: engine.token },
    { isQuiet: true },
  );
  await disk.fill(bytes / 2);
  const load = new Load(() => ingest, { paddingBytes: 4_000, pauseMs: 5 });
  const isRefusing = () => {
    const before = { ...load.refusedCount };
    return () => Math.min(load.refusedCount.http - before.http, load.refusedCount.grpc - before.grpc) > 5;
  };
  const isAcknowledging = (count: number) => {
    const before = load.acknowledgedCount;
    return expect.poll(() => load.acknowledgedCount - before, { timeout: 60_000 }).toBeGreaterThan(count);
  };
  try {
    await expect.poll(isRefusing(), { timeout: 120_000 }).toBe(true);
    await disk.free();
    await isAcknowledging(20);
    const fillsAgain = diskFreeBytesMin > 0;
    if (fillsAgain) await expect.poll(isRefusing(), { timeout: 120_000 }).toBe(true);
    await gate.open();
    await isAcknowledging(100);
    await load.stop();
    await expect.poll(() => load.missing(engine.client), { timeout: 60_000, interval: 300 }).toEqual([]);
    await ingest.close();
    await load.expectWholeAndOnce(engine.client);
    await load.expectNothingElse(engine.client);
  } finally {
    await load.end();
    await ingest.kill();
    await gate.shut();
    await engine.close();
  }
}

/** The disk of the engine is full, the spool is elsewhere: ingest goes on as if the store were away. */
export async function fullEngineDisk({ fullMs }: { fullMs: number }): Promise<void> {
  await using disk = await smallDisk(256 * MEBIBYTE);
  await using spoolDisk = await smallDisk(256 * MEBIBYTE);
  const engine = await startTestEngine({ dataDir: join(disk.path, 'data'), migrate: true });
  const ingest = await startIngestProcess(
    { dataDir: spoolDisk.path, batchAgeMsMax: 50, drainMsMax: 10_000 },
    { url: engine.url, token: engine.token },
  );
  const load = new Load(() => ingest, { pauseMs: 5 });
  try {
    const isStoring = async () => (await load.missing(engine.client)).length < load.acknowledgedCount;
    await expect.poll(isStoring, { timeout: 10_000 }).toBe(true);
    await disk.fill(0);
    const before = load.acknowledgedCount;
    await new Promise((resolve) => setTimeout(resolve, fullMs));
    expect((await load.missing(engine.client)).length).toBeGreaterThan(10);
    await disk.free();
    expect(load.acknowledgedCount - before).toBeGreaterThan(20);
    await load.stop();
    expect(load.refusedCount).toEqual({ http: 0, grpc: 0 });
    await expect.poll(() => load.missing(engine.client), { timeout: 60_000, interval: 300 }).toEqual([]);
    await ingest.close();
    await load.expectWholeAndOnce(engine.client);
    await load.expectNothingElse(engine.client);
  } finally {
    await load.end();
    await ingest.kill();
    await engine.close();
  }
}

/** A disk with less than the engine's reserve: rows are refused as by a store that is away, what is there is read. */
export async function fullToTheReserve(): Promise<void> {
  await using disk = await smallDisk(256 * MEBIBYTE);
  const engine = await startTestEngine({ dataDir: join(disk.path, 'data'), migrate: true });
  const write = (n: number) => {
    const span = { service: 'shop', traceId: traceIdOf(n), spanId: traceIdOf(n).slice(16) };
    return writeRows(engine.client, 'otel_traces', [
      spanRow({ ...span, startMs: Date.now(), receivedMs: Date.now() }),
    ]);
  };
  const stored = async () => {
    const asked = { sql: 'SELECT count() AS N FROM otel_traces', params: {}, about: 'otel_traces' };
    return Number((await readRows<{ N: string }>(engine.client, asked))[0]?.N);
  };
  try {
    await write(1);
    await disk.fill(60 * MEBIBYTE);
    const refused = { code: 'store_unavailable', message: expect.stringContaining('NOT_ENOUGH_SPACE') };
    await expect(write(2)).rejects.toMatchObject(refused);
    expect(await stored()).toBe(1);
    await disk.free();
    await write(3);
    expect(await stored()).toBe(2);
  } finally {
    await engine.close();
  }
}
