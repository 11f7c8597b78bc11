import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { FAILURES, type FailureCode, PipelineError } from '../../../core/errors.ts';
import type { Log } from '../../../core/log.ts';
import { authorizer } from '../../api/authorize.ts';
import { problemOf } from '../../api/problem.ts';
import { type LoadDeps, parseScalerMetadata, ScaledLoad, type ScalerMetadata } from './scaled-load.ts';

const EXTERNAL_SCALER_PROTO = join(import.meta.dirname, 'externalscaler.proto');

interface ScaledObjectRef {
  readonly name: string;
  readonly namespace: string;
  readonly scalerMetadata: Readonly<Record<string, string>>;
}

interface MetricSpec {
  readonly metricName: string;
  readonly targetSize: number;
  readonly targetSizeFloat: number;
}

interface MetricValue {
  readonly metricName: string;
  readonly metricValue: number;
  readonly metricValueFloat: number;
}

type Unary<Asked, Answered> = handleUnaryCall<Asked, Answered>;

export interface ExternalScaler {
  readonly port: number;
  close(): Promise<void>;
}

const PUSH_EVERY_MS = 10_000;
const METRIC_NAME = 'plumbline-requests';

/**
 * KEDA's external scaler over gRPC. What may not shrink, or is not known, is UNAVAILABLE with the reason: to the HPA a
 * metric in error, with which it does not scale down.
 * @throws PipelineError port_taken
 */
export async function serveExternalScaler(
  { host, port, keys }: { host: string; port: number; keys: readonly string[] },
  deps: LoadDeps & { readonly log: Log },
): Promise<ExternalScaler> {
  const load = new ScaledLoad(deps);
  const stopping = new AbortController();
  const authorize = authorizer(keys);
  /** KEDA sends no headers; what ends in `FromEnv` it takes from the environment of the scaled workload. */
  const parse = ({ scalerMetadata }: ScaledObjectRef): ScalerMetadata => {
    const { keyFromEnv, key = keyFromEnv } = scalerMetadata;
    authorize({ method: 'POST', authorization: key === undefined ? undefined : `Bearer ${key}` });
    return parseScalerMetadata(scalerMetadata);
  };

  const isActive: Unary<ScaledObjectRef, { result: boolean }> = ({ request }, answer) => {
    reply(answer, async () => ({ result: await load.isActive(parse(request)) }), deps.log);
  };
  const getMetrics: Unary<
    { scaledObjectRef: ScaledObjectRef; metricName: string },
    { metricValues: MetricValue[] }
  > = ({ request: { scaledObjectRef, metricName } }, answer) => {
    const read = async () => {
      const value = await load.value(parse(scaledObjectRef));
      return {
        metricValues: [{ metricName, metricValue: Math.ceil(value), metricValueFloat: value }],
      };
    };
    reply(answer, read, deps.log);
  };
  /**
   * Never an error: KEDA would leave the metric out of the HPA, and nothing would brake it. What is wrong with the
   * trigger is told where the value is asked for.
   */
  const getMetricSpec: Unary<ScaledObjectRef, { metricSpecs: MetricSpec[] }> = ({ request }, answer) => {
    const target = Number(request.scalerMetadata['target']);
    const targetSizeFloat = target > 0 && Number.isFinite(target) ? target : 1;
    const targetSize = Math.max(1, Math.floor(targetSizeFloat));
    answer(null, { metricSpecs: [{ metricName: METRIC_NAME, targetSize, targetSizeFloat }] });
  };
  const streamIsActive: handleServerStreamingCall<ScaledObjectRef, { result: boolean }> = async (call) => {
    const gone = new AbortController();
    call.once('cancelled', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, stopping.signal]);
    try {
      const asked = parse(call.request);
      let last: boolean | null = null;
      while (!signal.aborted) {
        const result: boolean | null = await load.isActive(asked).catch(keepLast(last));
        if (result !== null && result !== last) call.write({ result });
        last = result;
        await sleep(PUSH_EVERY_MS, undefined, { signal }).catch(() => undefined);
      }
      call.end();
    } catch (error) {
      call.emit('error', serviceError(error, deps.log));
    }
  };

  const server = new Server();
  server.addService(externalScalerService().service, {
    IsActive: isActive,
    GetMetrics: getMetrics,
    GetMetricSpec: getMetricSpec,
    StreamIsActive: streamIsActive,
  });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(
      `${host.includes(':') ? `[${host}]` : host}:${port}`,
      ServerCredentials.createInsecure(),
      (error, own) => (error === null ? resolve(own) : reject(error)),
    );
  }).catch((cause) => {
    const message = `Port ${port} cannot be listened on for KEDA (${cause.message}): set PLUMBLINE_KEDA_PORT to another port.`;
    throw new PipelineError('port_taken', message, { port }, cause);
  });
  return {
    port: bound,
    close: async () => {
      stopping.abort();
      server.forceShutdown();
    },
  };
}

/** What is not known now is no news: the stream stays, and says nothing. */
function keepLast(last: boolean | null): (error: unknown) => boolean | null {
  return (error) => {
    if (FAILURES[problemOf(error).code].retryable) return last;
    throw error;
  };
}

/** The service by its contract; for clients too. */
export function externalScalerService(): ServiceClientConstructor {
  const definition = loadSync(EXTERNAL_SCALER_PROTO, { longs: Number, defaults: true });
  const { externalscaler } = loadPackageDefinition(definition) as unknown as {
    externalscaler: { ExternalScaler: ServiceClientConstructor };
  };
  return externalscaler.ExternalScaler;
}

type ServiceError = Error & { readonly code: status; readonly details: string };

function serviceError(error: unknown, log: Log): ServiceError {
  const { code, detail } = problemOf(error);
  const grpcStatus = FAILURES[code as FailureCode].grpcStatus;
  if (grpcStatus === status.INTERNAL) log.warn({ error, code }, 'KEDA could not be answered.');
  return Object.assign(new Error(detail), { code: grpcStatus, details: detail });
}

function reply<Answered>(
  answer: (error: ServiceError | null, value?: Answered) => void,
  read: () => Promise<Answered>,
  log: Log,
): void {
  read().then(
    (value) => answer(null, value),
    (error: unknown) => answer(serviceError(error, log)),
  );
}
