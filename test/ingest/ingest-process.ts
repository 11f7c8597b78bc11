import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { IngestConfig } from '../../ingest/config.ts';
import type { StoreAddress } from '../../store/client.ts';

export interface IngestProcess {
  readonly pid: number;
  readonly httpUrl: string;
  readonly grpcUrl: string;
  /** The most memory it ever held. */
  peakBytes(): Promise<number>;
  /** kill -9, at once. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The ingest role in a process of its own, on free ports.
 * @param options.isQuiet what it writes is dropped, as is what lmdb says of every failed write
 * @param options.fileBlocksMax no file of it may become larger than so many blocks: writes fail as on a full disk
 */
export async function startIngestProcess(
  config: IngestConfig,
  store: StoreAddress,
  options: { fileBlocksMax?: number | 'unlimited'; isQuiet?: boolean } = {},
): Promise<IngestProcess> {
  const { fileBlocksMax = 'unlimited', isQuiet = false } = options;
  const told = { store, config: { otlpHttpPort: 0, otlpGrpcPort: 0, diskFreeBytesMin: 0, ...config } };
  const limited = `ulimit -f ${fileBlocksMax} && exec "$0" "$@"`;
  const script = join(import.meta.dirname, 'ingest-main.ts');
  const child = spawn('sh', ['-c', limited, process.execPath, script, JSON.stringify(told)], {
    stdio: ['ignore', 'inherit', isQuiet ? 'ignore' : 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const { httpPort, grpcPort } = await messageOf<{ httpPort: number; grpcPort: number }>(child);
  return {
    pid: child.pid as number,
    httpUrl: `http://127.0.0.1:${httpPort}`,
    grpcUrl: `127.0.0.1:${grpcPort}`,
    peakBytes: async () => {
      child.send('peak');
      return (await messageOf<{ peakBytes: number }>(child)).peakBytes;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    close: async () => {
      child.send('close');
      await exited;
    },
  };
}

function messageOf<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('The ingest process ended; its reason stands above.'));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message as T);
    });
  });
}
