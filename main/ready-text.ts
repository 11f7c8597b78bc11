import type { Config } from './config.ts';
import { ENGINE_HOST } from './engine-host.ts';
import { localUrl } from './local-url.ts';
import type { Role } from './settings.ts';

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** What a person sees when everything runs: where to send, where to look, what to try first. */
export function readyText(
  { config, tookMs }: { config: Config; tookMs: ReadonlyMap<string, number> },
  readyAfterMs: number,
): string {
  const has = (role: Role): boolean => config.roles.includes(role);
  const otlp = localUrl(config.host, config.otlpHttpPort);
  const clickhouse =
    config.clickhouseUrl === undefined
      ? `http://${ENGINE_HOST}:${config.clickhousePort} (read only)`
      : new URL(config.clickhouseUrl).origin;
  const places = [
    has('ingest') && `  OTLP/gRPC     ${localUrl(config.host, config.otlpGrpcPort)}`,
    has('ingest') && `  OTLP/HTTP     ${otlp}`,
    has('api') && `  API and page  ${localUrl(config.host, config.apiPort)}`,
    has('api') &&
      config.kedaPort !== undefined &&
      `  KEDA          ${new URL(localUrl(config.host, config.kedaPort)).host}`,
    `  ClickHouse    ${clickhouse}`,
    `  Data          ${config.dataDir}`,
  ];
  const next = [
    has('ingest') &&
      `  OTEL_EXPORTER_OTLP_ENDPOINT=${otlp} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf <your service>`,
    has('ingest') && config.keys.length > 0 && '  OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer <key>"',
    has('api') && '  npx plumbline ask --service checkout --kind scale --from 6 --to 12',
    has('api') && '  npx plumbline findings',
    '  npx plumbline doctor',
  ];
  return [
    `Plumbline is ready after ${seconds(readyAfterMs)} (${[...tookMs].map(([role, ms]) => `${role} ${seconds(ms)}`).join(', ')}).`,
    '',
    ...places.filter((line) => line !== false),
    '',
    'Next:',
    ...next.filter((line) => line !== false),
    '',
  ].join('\n');
}
