import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Meter } from '@opentelemetry/api';
import type { Log } from '../core/log.ts';
import { SIGNALS, type Signal } from '../core/signal.ts';
import { insertNative } from '../store/insert-native.ts';
import { Admission } from './admission.ts';
import { BodyBudget } from './body-budget.ts';
import { ChunkFolder } from './chunk-folder.ts';
import { type IngestConfig, type IngestLimits, ingestConfigSchema } from './config.ts';
import { serveGrpc } from './grpc/serve-grpc.ts';
import { serveHttp } from './http/serve-http.ts';
import { Inflater } from './inflate.ts';
import { IngestMetrics } from './ingest-metrics.ts';
import { KeyCheck } from './key-check.ts';
import { Lane } from './lane.ts';
import { observeSpool } from './observe-spool.ts';
import { Spool } from './spool.ts';
import type { Transport } from './transport.ts';
import { WarningLimiter } from './warning-limiter.ts';
import { Writer } from './writer.ts';

const REPLAY_BYTES_MAX = 2_147_483_647;

export interface IngestDeps {
  readonly client: ClickHouseClient;
  readonly now: () => number;
  readonly log: Log;
  readonly meter: Meter;
  /** A batch can be read in the store. */
  readonly onStored?: () => void;
  /** In [0, 1); for jitter only. */
  readonly random?: () => number;
}

export interface Ingest {
  readonly httpPort: number;
  readonly grpcPort: number;
  /** Answers what is in flight, refuses what comes, stores what it can in `drainMsMax`; the rest stays spooled. */
  close(): Promise<void>;
}

/**
 * The ingest role: OTLP over HTTP and gRPC, the spool, and one writer per signal.
 * @throws PipelineError port_taken, data_dir_unwritable
 */
export async function startIngest(config: IngestConfig, deps: IngestDeps): Promise<Ingest> {
  const limits = ingestConfigSchema.parse(config);
  const { spoolBytesMax, diskFreeBytesMin } = limits;
  const folder = join(limits.dataDir, 'spool');
  const spool = await Spool.open({ folder, bytesMax: spoolBytesMax, diskFreeBytesMin });
  const metrics = new IngestMetrics(deps.meter);
  const parts = { ...deps, random: deps.random ?? Math.random, spool, metrics, limits };
  const { lanes, writers } = makeLanes(parts);
  const admission = new Admission({
    lanes,
    metrics,
    inflater: new Inflater({ bytesMax: limits.bodyBytesMax }),
    budget: new BodyBudget(limits.inFlightBytesMax),
    warnings: new WarningLimiter(() => performance.now()), // the wall clock may step
    tenant: limits.tenant,
    now: deps.now,
  });
  const transports = await openTransports(parts, admission).catch(async (error: unknown) => {
    await spool.close();
    throw error;
  });
  const stopObserving = observeSpool(deps.meter, spool, lanes);
  const writing = writers.map((writer) => writer.run());
  return {
    httpPort: transports.http.port,
    grpcPort: transports.grpc.port,
    close: async () => {
      await Promise.race([admission.drain(), after(limits.drainMsMax)]);
      await Promise.all([transports.http.close(), transports.grpc.close()]);
      for (const signal of SIGNALS) lanes[signal].close();
      for (const writer of writers) writer.finish();
      const giveUp = setTimeout(() => stopAll(writers), limits.drainMsMax);
      await Promise.all(writing);
      clearTimeout(giveUp);
      stopObserving();
      await spool.close();
    },
  };
}

interface IngestParts extends IngestDeps {
  readonly random: () => number;
  readonly spool: Spool;
  readonly metrics: IngestMetrics;
  readonly limits: IngestLimits;
}

async function openTransports(
  { limits, metrics, log, random }: IngestParts,
  admission: Admission,
): Promise<{ http: Transport; grpc: Transport }> {
  const keys = new KeyCheck(limits.keys);
  const parts = { host: limits.host, limits, keys, admission, metrics, log, random };
  const http = await serveHttp({ ...parts, port: limits.otlpHttpPort });
  try {
    return { http, grpc: await serveGrpc({ ...parts, port: limits.otlpGrpcPort }) };
  } catch (error) {
    await http.close();
    throw error;
  }
}

function makeLanes(parts: IngestParts): { lanes: Record<Signal, Lane>; writers: Writer[] } {
  const { client, spool, limits } = parts;
  const deps = {
    ...parts,
    // What was accepted once is accepted again, also when the limit was lowered in between.
    inflater: new Inflater({ bytesMax: REPLAY_BYTES_MAX }),
    chunks: new ChunkFolder(join(limits.dataDir, 'chunks')),
  };
  const make = (signal: Signal): Lane => {
    const recordedTo = spool.recordedBatches(signal).at(-1)?.toSeq ?? 0;
    return new Lane({ ...deps, signal }, spool.firstSeq(signal, recordedTo + 1));
  };
  const lanes = { traces: make('traces'), metrics: make('metrics'), logs: make('logs') };
  const writers = SIGNALS.map(
    (signal) =>
      new Writer({
        ...deps,
        signal,
        lane: lanes[signal],
        insert: (insert, token) => insertNative(client, insert, token, { byName: limits.storeReadsFiles }),
      }),
  );
  return { lanes, writers };
}

function stopAll(writers: readonly Writer[]): void {
  for (const writer of writers) writer.stop();
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
