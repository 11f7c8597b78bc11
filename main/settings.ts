import { z } from 'zod';

const ROLES = ['store', 'ingest', 'judge', 'api'] as const;
export type Role = (typeof ROLES)[number];

const port = z.coerce
  .number({ error: 'must be a port number' })
  .int('must be a port number')
  .min(0, 'must be a port number (0 takes a free one)')
  .max(65_535, 'must be a port number of at most 65535');

const bytes = z.coerce.number({ error: 'must be a number of bytes' }).int('must be whole bytes').positive();

const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

const url = (protocols: readonly string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });

const roles = z
  .string()
  .transform(list)
  .refine((names) => names.every((name) => name === 'all' || ROLES.some((role) => role === name)), {
    error: `must be "all" or any of ${ROLES.join(',')}`,
  })
  .transform((names) => ROLES.filter((role) => names.includes('all') || names.includes(role)))
  .refine((chosen) => chosen.length > 0, { error: `must name a role: "all" or any of ${ROLES.join(',')}` });

/** Every setting by its key in `plumbline.yaml`, with a reason beside each default that is not the protocol's. */
export const SETTINGS = z.object({
  otlpGrpcPort: port.default(4317),
  otlpHttpPort: port.default(4318),
  apiPort: port.default(4319),
  kedaPort: port.optional(), // KEDA's external scaler; off unless somebody asks for it
  clickhousePort: port.default(8123), // ClickHouse's own, so its clients need no option
  host: z.string().min(1).default('127.0.0.1'), // reachable from elsewhere must be somebody's decision
  dataDir: z.string().min(1).default('.plumbline'),
  constraints: z.string().min(1).optional(),
  signingKeyFile: z.string().min(1).optional(), // else a key is made in dataDir
  approversFile: z.string().min(1).optional(), // people whose signature is asked for
  checkpointDir: z.string().min(1).optional(), // gets a copy of every signed checkpoint
  roles: roles.prefault('all'),
  clickhouseUrl: url(['http:', 'https:']).optional(),
  clickhouseCluster: z.string().min(1).optional(), // for ON CLUSTER; only with clickhouseUrl
  redisUrl: url(['redis:', 'rediss:', 'valkey:', 'valkeys:']).optional(),
  keys: z.string().transform(list).prefault(''),
  webhookUrl: url(['http:', 'https:']).optional(),
  webhookSecret: z.string().min(1).optional(),
  spoolBytesMax: bytes.default(8_589_934_592), // 8 GiB: an hour of a stopped store at 2 MB/s of compressed OTLP
  otlpBodyBytesMax: bytes.default(67_108_864), // OTLP: 64 MiB
  publicUrl: url(['http:', 'https:']).optional(), // behind a proxy only people know it
  githubWebhookSecret: z.string().min(1).optional(),
  githubAppId: z.string().min(1).optional(),
  githubAppKey: z.string().min(1).optional(), // a PEM file
  githubApiUrl: url(['http:', 'https:']).default('https://api.github.com'),
  cloudEventsUrl: url(['http:', 'https:']).optional(),
  cloudEventsToken: z.string().min(1).optional(),
  cloudEventsMode: z.enum(['structured', 'binary']).default('structured'), // one body holds all: nothing to lose in proxies
  opaLogUrl: url(['http:', 'https:']).optional(),
  opaLogToken: z.string().min(1).optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  demoPort: port.default(4320), // the switches of the demo's faults
  apiUrl: url(['http:', 'https:']).optional(), // for the commands: an API elsewhere
  otelSdkDisabled: z.stringbool({ error: 'must be true or false' }).prefault('false'),
});

/** Names that are not PLUMBLINE_ plus the key in upper snake case: other tools own them. */
const FOREIGN_VARIABLES: Readonly<Record<string, string>> = {
  clickhouseUrl: 'CLICKHOUSE_URL',
  redisUrl: 'REDIS_URL',
  otelSdkDisabled: 'OTEL_SDK_DISABLED',
};

/** `otlpGrpcPort` to `PLUMBLINE_OTLP_GRPC_PORT`. */
export function variableOf(key: string): string {
  return (
    FOREIGN_VARIABLES[key] ?? `PLUMBLINE_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
  );
}

export const SETTING_KEYS: readonly string[] = Object.keys(SETTINGS.shape);
