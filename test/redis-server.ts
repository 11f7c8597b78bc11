import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PROGRAMS = ['redis-server', 'valkey-server'] as const;

export interface TestRedis {
  readonly url: string;
  /** kill -9; what was in it is lost. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** The program to test against, or null. On CI there must be one: .ci/run installs it. */
export function findRedis(): string | null {
  const found = PROGRAMS.find((program) => {
    try {
      execFileSync(program, ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
  if (found !== undefined) return found;
  const text = `Neither ${PROGRAMS.join(' nor ')} is on PATH: THE REDIS TESTS DO NOT RUN. Install one, for example: apt-get install redis-server`;
  if (process.env['CI'] === 'true') throw new Error(text);
  console.warn(text);
  return null;
}

/** A real Redis or Valkey on a free port, without persistence. */
export async function startTestRedis(program: string): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-redis-'));
  const port = await freePort();
  const begin = () =>
    spawn(program, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder], {
      stdio: 'ignore',
    });
  let child = begin();
  await untilItAnswers(program, port);
  const kill = async () => {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    restart: async () => {
      child = begin();
      await untilItAnswers(program, port);
    },
    close: async () => {
      if (child.exitCode === null && child.signalCode === null) await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilItAnswers(program: string, port: number): Promise<void> {
  const cli = program.replace('-server', '-cli');
  for (let tries = 0; tries < 100; tries++) {
    try {
      execFileSync(cli, ['-p', String(port), 'ping'], { stdio: 'ignore' });
      return;
    } catch {
      await sleep(50);
    }
  }
  throw new Error(`${program} on port ${port} did not answer within 5 s.`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return address.port;
}
