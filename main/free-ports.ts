import type { Config } from './config.ts';
import { listenBriefly } from './listen-briefly.ts';

const PORT_KEYS = ['otlpGrpcPort', 'otlpHttpPort', 'apiPort', 'clickhousePort', 'kedaPort'] as const;

/**
 * Port 0 means a free one. All processes must know it, so it is chosen here and not by each listener.
 * @throws PipelineError config_invalid when the host is none of this machine
 */
export async function withFreePorts(config: Config): Promise<Config> {
  const chosen: Partial<Record<(typeof PORT_KEYS)[number], number>> = {};
  for (const key of PORT_KEYS) {
    while (config[key] === 0 && chosen[key] === undefined) {
      const port = await listenBriefly(config.host, 0);
      if (port !== null && !Object.values(chosen).includes(port)) chosen[key] = port;
    }
  }
  return { ...config, ...chosen };
}
