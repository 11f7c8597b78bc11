import { createServer } from 'node:net';
import type { Config } from './config.ts';

const PORT_KEYS = ['otlpGrpcPort', 'otlpHttpPort', 'apiPort', 'clickhousePort'] as const;

async function freePort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Port 0 means a free one. All processes must know it, so it is chosen here and not by each listener. */
export async function withFreePorts(config: Config): Promise<Config> {
  const chosen: Partial<Record<(typeof PORT_KEYS)[number], number>> = {};
  for (const key of PORT_KEYS) {
    while (config[key] === 0 && chosen[key] === undefined) {
      const port = await freePort(config.host);
      if (!Object.values(chosen).includes(port)) chosen[key] = port;
    }
  }
  return { ...config, ...chosen };
}
