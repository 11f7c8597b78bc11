import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSamples } from '../../main/doctor/read-metrics.ts';

const BIN = join(import.meta.dirname, '../../main/plumbline.mjs');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Ports are free ones and nothing of this machine's environment is heard. */
function environment(dataDir: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    PLUMBLINE_DATA_DIR: dataDir,
    PLUMBLINE_OTLP_GRPC_PORT: '0',
    PLUMBLINE_OTLP_HTTP_PORT: '0',
    PLUMBLINE_API_PORT: '0',
    PLUMBLINE_CLICKHOUSE_PORT: '0',
    ...env,
  };
}

function start(
  args: readonly string[],
  dataDir: string,
  env: NodeJS.ProcessEnv,
  nodeArgs: readonly string[] = [],
) {
  const child = spawn(process.execPath, [...nodeArgs, BIN, ...args], {
    env: environment(dataDir, env),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a process group of its own, as a terminal or a test bench gives it
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  return { child, output };
}

/** Runs a command to its end. */
export async function runPlumbline(
  args: readonly string[],
  options: { dataDir: string; env?: NodeJS.ProcessEnv; nodeArgs?: readonly string[] },
): Promise<Finished> {
  const { child, output } = start(args, options.dataDir, options.env ?? {}, options.nodeArgs);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output };
}

export interface Server {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ports: Readonly<Record<'otlpGrpcPort' | 'otlpHttpPort' | 'apiPort' | 'clickhousePort', number>> & {
    readonly kedaPort?: number;
  };
  readonly output: { readonly stdout: string; readonly stderr: string };
  /** Process ids by role, from the server's own metrics. */
  rolePids(): Promise<ReadonlyMap<string, number>>;
  /** True while any process of the server's group lives. */
  groupLives(): boolean;
  signalGroup(signal: NodeJS.Signals): void;
  exitCode(): Promise<number | null>;
}

/** Starts `plumbline serve` (or `demo`) and waits until it says that it is ready. */
export async function startServer(options: {
  command?: 'serve' | 'demo';
  dataDir: string;
  env?: NodeJS.ProcessEnv;
}): Promise<Server> {
  const { command = 'serve' } = options;
  const { child, output } = start([command], options.dataDir, options.env ?? {});
  const ended = once(child, 'close') as Promise<[number | null]>;
  while (!output.stdout.includes('is ready')) {
    const over = await Promise.race([ended, new Promise<null>((resolve) => setTimeout(resolve, 20, null))]);
    if (over !== null) throw new Error(`${command} ended with ${over[0]}: ${output.stderr}`);
  }
  const serving = readFileSync(join(options.dataDir, 'serving.json'), 'utf8');
  const { ports } = JSON.parse(serving) as Pick<Server, 'ports'>;
  const pid = child.pid as number;
  return {
    child,
    pid,
    ports,
    output,
    rolePids: async () => {
      const response = await fetch(`http://127.0.0.1:${ports.apiPort}/metrics`);
      const infos = parseSamples(await response.text()).filter(({ name }) => name === 'target_info');
      return new Map(
        infos.map(({ labels }) => [labels['plumbline_role'] as string, Number(labels['process_pid'])]),
      );
    },
    groupLives: () => {
      try {
        process.kill(-pid, 0);
        return true;
      } catch {
        return false;
      }
    },
    signalGroup: (signal) => void process.kill(-pid, signal),
    exitCode: async () => (await ended)[0],
  };
}
