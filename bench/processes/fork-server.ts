import { fork } from 'node:child_process';
import { once } from 'node:events';

export interface ForkedServer {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Runs a script that listens in a process of its own, tells `{ port }`, and ends when it is disconnected. */
export async function forkServer(script: string, args: readonly string[] = []): Promise<ForkedServer> {
  const child = fork(script, args);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const stop = async () => {
    child.disconnect();
    await once(child, 'exit');
  };
  return { port, pid: child.pid as number, stop };
}
