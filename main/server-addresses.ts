import { type Config, readConfig } from './config.ts';
import { readServing } from './data-dir.ts';
import { ENGINE_HOST } from './engine-host.ts';
import { localUrl } from './local-url.ts';

export interface ServerAddresses {
  readonly apiUrl: string;
  readonly otlpHttpUrl: string;
  readonly otlpGrpcUrl: string;
  readonly clickhouseUrl: string;
}

/**
 * Where the server of this configuration is: PLUMBLINE_API_URL, else what the process that serves the data
 * directory says about itself (its ports may be other than ours), else what the configuration says.
 */
export function serverAddresses(config: Config): ServerAddresses {
  const ports = readServing(config.dataDir)?.ports ?? config;
  return {
    apiUrl: (config.apiUrl ?? localUrl(config.host, ports.apiPort)).replace(/\/+$/, ''),
    otlpHttpUrl: localUrl(config.host, ports.otlpHttpPort),
    otlpGrpcUrl: localUrl(config.host, ports.otlpGrpcPort),
    clickhouseUrl: config.clickhouseUrl ?? localUrl(ENGINE_HOST, ports.clickhousePort),
  };
}

/** The configuration of a command: the same as the server's when started in the same folder. */
export function readOwnConfig(): Config {
  return readConfig(process.env, process.cwd());
}
