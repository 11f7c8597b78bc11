import { join } from 'node:path';
import { readOrCreateEngineToken } from '../../store/engine/engine-token.ts';
import { cpuMs } from './cpu-time.ts';
import { forkServer } from './fork-server.ts';
import type { BenchServer } from './start-server.ts';

const MAIN = join(import.meta.dirname, '../naive/naive-main.ts');

export interface NaivePipeline {
  readonly port: number;
  cpuMs(): number;
  stop(): Promise<void>;
}

/** The naive pipeline in a process of its own, into the engine of a server. */
export async function runNaive({ ports, dataDir }: BenchServer): Promise<NaivePipeline> {
  const url = `http://127.0.0.1:${ports.clickhousePort}`;
  const address = JSON.stringify({ url, token: await readOrCreateEngineToken(dataDir) });
  const { port, pid, stop } = await forkServer(MAIN, [address]);
  return { port, cpuMs: () => cpuMs(pid), stop };
}
