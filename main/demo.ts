import { DEMO_CONSTRAINTS_PATH, type DemoOptions, runDemo } from '../demo/run-demo.ts';
import { type Config, readConfig } from './config.ts';
import { createLog } from './create-log.ts';
import { readyText } from './ready-text.ts';
import { startServing } from './serve.ts';
import { serverAddresses } from './server-addresses.ts';

type Targets = Pick<DemoOptions, 'otlpHttpUrl' | 'otlpGrpcUrl' | 'apiUrl'>;

/**
 * `plumbline demo`: the server with the demo's constraints, and the shop beside it. Attached, the server is
 * one that runs already, and OTEL_EXPORTER_OTLP_ENDPOINT may lead to it through a Collector.
 */
export async function demo(env: NodeJS.ProcessEnv, folder: string, attach: boolean): Promise<void> {
  const config = readConfig(env, folder);
  const stopping = new AbortController();
  if (attach) {
    for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stopping.abort());
    await runShop(config, attachedTargets(config, env), stopping.signal);
  } else {
    await runWithServer(config, env, stopping);
  }
  process.exit(0);
}

async function runWithServer(
  given: Config,
  env: NodeJS.ProcessEnv,
  stopping: AbortController,
): Promise<void> {
  const startedAtMs = performance.now();
  let shop = Promise.resolve();
  // The demo tells in its own lines what the server would log.
  const logLevel = given.logLevel === 'info' ? 'warn' : given.logLevel;
  const serving = await startServing(
    { ...given, logLevel, constraints: given.constraints ?? DEMO_CONSTRAINTS_PATH },
    {
      env,
      log: createLog('supervisor', logLevel),
      beforeStop: () => {
        stopping.abort();
        return shop;
      },
    },
  );
  process.stdout.write(readyText(serving, Math.round(performance.now() - startedAtMs)));
  shop = runShop(serving.config, serverAddresses(serving.config), stopping.signal);
  try {
    await shop;
  } finally {
    await serving.stop();
  }
}

function attachedTargets(config: Config, env: NodeJS.ProcessEnv): Targets {
  const addresses = serverAddresses(config);
  const given = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (given === undefined || given === '') return addresses;
  const grpc = new URL(given);
  grpc.port = '4317';
  return { ...addresses, otlpHttpUrl: given.replace(/\/+$/, ''), otlpGrpcUrl: grpc.origin };
}

function runShop(config: Config, targets: Targets, signal: AbortSignal): Promise<void> {
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  return runDemo({ ...targets, controlPort: config.demoPort, signal, print, key: config.keys[0] });
}
