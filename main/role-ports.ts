import type { Config } from './config.ts';
import { ENGINE_HOST } from './engine-host.ts';
import type { Role } from './settings.ts';

/** `kedaPort` is there where somebody asked for it. */
export type Ports = Pick<Config, 'otlpGrpcPort' | 'otlpHttpPort' | 'apiPort' | 'clickhousePort' | 'kedaPort'>;

export interface RolePort {
  readonly key: keyof Ports;
  readonly what: string;
  readonly host: string;
  readonly port: number;
}

const PORTS = [
  { key: 'otlpGrpcPort', role: 'ingest', what: 'OTLP/gRPC' },
  { key: 'otlpHttpPort', role: 'ingest', what: 'OTLP/HTTP' },
  { key: 'apiPort', role: 'api', what: 'API' },
  { key: 'clickhousePort', role: 'store', what: 'ClickHouse' },
  { key: 'kedaPort', role: 'api', what: 'KEDA external scaler' },
] as const satisfies readonly { key: keyof Ports; role: Role; what: string }[];

/** The ports that the roles of this configuration listen on, with the numbers of `ports`. */
export function rolePorts({ host, roles }: Config, ports: Ports): RolePort[] {
  return PORTS.filter(({ role }) => roles.includes(role)).flatMap(({ key, what, role }) => {
    const port = ports[key];
    if (port === undefined) return [];
    return [{ key, what, host: role === 'store' ? ENGINE_HOST : host, port }];
  });
}
