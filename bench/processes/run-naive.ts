import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { readOrCreateEngineToken } from '../../store/engine/engine-token.ts';
import { cpuMs } from './cpu-time.ts';
import type { BenchServer } from './start-server.ts';

export interface NaivePipeline {
  readonly port: number;
  cpuMs(): number;
  stop(): Promise<void>;
}

/** The naive pipeline in a process of its own, into the engine of a server. */
export async function runNaive({ ports, dataDir }: BenchServer): Promise<NaivePipeline> {
  const url = `http://127.0.0.1:${ports.clickhousePort}`;
  const address = JSON.stringify({ url, token: await readOrCreateEngineToken(dataDir) });
  const child = fork(join(import.meta.dirname, '../naive/naive-main.ts'), [address]);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return {
    port,
    cpuMs: () => cpuMs(child.pid as number),
    stop: async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}
