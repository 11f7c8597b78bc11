import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FaultSwitches } from '../faults/fault.ts';
import type { FromProcess, ProcessOptions, ToProcess } from '../messages.ts';
import { type Protocol, serviceEnvironment, type TelemetryTarget } from './service-environment.ts';

export interface ShopOptions {
  readonly target: TelemetryTarget;
  /** Plumbline's API for the autoscaler; null leaves the autoscaler out. */
  readonly apiUrl: string | null;
  readonly requestsPerSecond: number;
  /** Of the traces that begin at the gateway. */
  readonly samplingProbability: number;
  readonly onMessage: (message: FromProcess) => void;
  /** A process that ended though nobody asked it to. */
  readonly onLoss: (name: string, code: number | null) => void;
}

export interface Shop {
  readonly gatewayUrl: string;
  readonly switchFaults: (faults: FaultSwitches) => void;
  readonly close: () => Promise<void>;
}

const LISTENING_MS_MAX = 20_000;
const END_MS_MAX = 3_000;

/** Callees first, so that everyone is started with the addresses of whom it calls. */
const SERVICES: readonly { name: string; protocol: Protocol; calls: readonly string[] }[] = [
  { name: 'payment', protocol: 'grpc', calls: [] },
  { name: 'cart', protocol: 'http/protobuf', calls: [] },
  { name: 'catalog', protocol: 'http/json', calls: [] },
  { name: 'checkout', protocol: 'http/protobuf', calls: ['cart', 'payment', 'otlp'] },
  { name: 'gateway', protocol: 'http/protobuf', calls: ['catalog', 'checkout'] },
];

/** Starts the shop: five services, the visitors, and the autoscaler of checkout; each a process of its own. */
export async function startShop(options: ShopOptions): Promise<Shop> {
  const children = new Map<string, ChildProcess>();
  const urls: Record<string, string> = {
    otlp: options.target.otlpHttpUrl,
    ...(options.apiUrl === null ? {} : { api: options.apiUrl }),
  };
  let closing = false;

  const start = (name: string, calls: readonly string[], env: Record<string, string>): ChildProcess => {
    const processOptions: ProcessOptions = {
      samplingProbability: options.samplingProbability,
      requestsPerSecond: options.requestsPerSecond,
      key: options.target.key,
      urls: Object.fromEntries(calls.map((call) => [call, urls[call] as string])),
    };
    const entry = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
    const child = fork(entry, {
      env,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const start: ToProcess = { kind: 'start', options: processOptions };
    child.send(start);
    children.set(name, child);
    child.on('message', options.onMessage);
    child.on('exit', (code) => {
      children.delete(name);
      if (!closing) options.onLoss(name, code);
    });
    return child;
  };
  const close = async (): Promise<void> => {
    closing = true;
    await Promise.all([...children.values()].map(end));
  };
  try {
    for (const { name, protocol, calls } of SERVICES) {
      const child = start(
        name,
        calls,
        serviceEnvironment({ serviceName: name, protocol, target: options.target }),
      );
      urls[name] = `http://127.0.0.1:${await listeningPort(name, child)}`;
    }
  } catch (error) {
    await close();
    throw error;
  }
  start('traffic', ['gateway'], {});
  if (options.apiUrl !== null) start('autoscaler', ['checkout', 'api'], {});
  return {
    gatewayUrl: urls['gateway'] as string,
    switchFaults: (faults) => {
      const message: ToProcess = { kind: 'faults', faults };
      for (const child of children.values()) if (child.connected) child.send(message);
    },
    close,
  };
}

function listeningPort(name: string, child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${name} of the demo shop did not start within ${LISTENING_MS_MAX / 1_000} s`)),
      LISTENING_MS_MAX,
    );
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`${name} of the demo shop ended at its start with code ${code}; its output is above`));
    });
    child.on('message', (message: FromProcess) => {
      if (message.kind !== 'listening') return;
      clearTimeout(timer);
      resolve(message.port);
    });
  });
}

/** Closing the channel is the sign to end (and what a demo that dies leaves behind); then the hard way. */
async function end(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS_MAX);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    if (child.connected) child.disconnect();
  });
}
