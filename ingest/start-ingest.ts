import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Meter } from '@opentelemetry/api';
import type { Log } from '../core/log.ts';
import { SIGNALS, type Signal } from '../core/signal.ts';
import { insertNative } from '../store/insert-native.ts';
import { Admission } from './admission.ts';
import { BodyBudget } from './body-budget.ts';
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

export interface IngestDeps {
  readonly client: ClickHouseClient;
  readonly now: () => number;
  readonly log: Log;
  readonly meter: Meter;
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
  const { host, bodyBytesMax, bodyMsMax, keys, spoolBytesMax, diskFreeBytesMin } = limits;
  const random = deps.random ?? Math.random;
  const folder = join(limits.dataDir, 'spool');
  const spool = await Spool.open({ folder, bytesMax: spoolBytesMax, diskFreeBytesMin });
  const metrics = new IngestMetrics(deps.meter);
  const inflater = new Inflater({ bytesMax: bodyBytesMax });
  const { lanes, writers } = makeLanes({ ...deps, random, spool, inflater, metrics, limits });
  const admission = new Admission({
    lanes,
    inflater,
    metrics,
    budget: new BodyBudget(limits.inFlightBytesMax),
    warnings: new WarningLimiter(deps.now),
    tenant: limits.tenant,
    now: deps.now,
  });
  const parts = {
    host,
    limits: { bodyBytesMax, bodyMsMax },
    keys: new KeyCheck(keys),
    admission,
    metrics,
    log: deps.log,
    random,
  };
  const open: Transport[] = [];
  try {
    open.push(await serveHttp({ ...parts, port: limits.otlpHttpPort }));
    open.push(await serveGrpc({ ...parts, port: limits.otlpGrpcPort }));
  } catch (error) {
    await Promise.all(open.map((transport) => transport.close()));
    await spool.close();
    throw error;
  }
  const stopObserving = observeSpool(deps.meter, spool, lanes);
  const running = writers.map((writer) => writer.run());
  const [http, grpc] = open as [Transport, Transport];
  return {
    httpPort: http.port,
    grpcPort: grpc.port,
    close: async () => {
      await Promise.race([admission.drain(), after(limits.drainMsMax)]);
      await Promise.all([http.close(), grpc.close()]);
      for (const signal of SIGNALS) lanes[signal].close();
      const giveUp = setTimeout(() => stopAll(writers), limits.drainMsMax);
      for (const writer of writers) writer.finish();
      await Promise.all(running);
      clearTimeout(giveUp);
      stopObserving();
      await spool.close();
    },
  };
}

interface LaneDeps extends Omit<IngestDeps, 'random'> {
  readonly random: () => number;
  readonly spool: Spool;
  readonly inflater: Inflater;
  readonly metrics: IngestMetrics;
  readonly limits: IngestLimits;
}

function makeLanes(deps: LaneDeps): { lanes: Record<Signal, Lane>; writers: Writer[] } {
  const { client, spool } = deps;
  const make = (signal: Signal): Lane => {
    const recorded = spool.recordedBatches(signal).at(-1);
    return new Lane(
      { ...deps, signal },
      recorded === undefined ? spool.firstSeq(signal) : recorded.toSeq + 1,
    );
  };
  const lanes = { traces: make('traces'), metrics: make('metrics'), logs: make('logs') };
  const writers = SIGNALS.map(
    (signal) =>
      new Writer({
        ...deps,
        signal,
        lane: lanes[signal],
        insert: (insert, token) => insertNative(client, insert, token),
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
