import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { PipelineError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import { type Role, SETTING_KEYS, SETTINGS, variableOf } from './settings.ts';

const CONFIG_FILE = 'plumbline.yaml';

/** What the environment and `plumbline.yaml` say, checked; plain data, sent to every role's process as it is. */
export interface Config extends Omit<z.output<typeof SETTINGS>, 'roles'> {
  /** Roles to run in this process group, in the order of their start. */
  readonly roles: readonly Role[];
}

/** Their values hold passwords or keys, and errors end up in logs. */
const SECRETS: ReadonlySet<string> = new Set([
  'clickhouseUrl',
  'redisUrl',
  'webhookUrl',
  'webhookSecret',
  'githubWebhookSecret',
  'cloudEventsUrl',
  'cloudEventsToken',
  'opaLogUrl',
  'opaLogToken',
  'keys',
]);

interface Given {
  readonly value: string;
  /** Where it was written: a variable, or a key of the file. */
  readonly place: string;
}

/**
 * Kubernetes gives every pod such variables for each Service (`PLUMBLINE_SERVICE_HOST`, `PLUMBLINE_PORT`):
 * nobody wrote them, so they are no misspelt settings.
 */
const SERVICE_LINK =
  /^PLUMBLINE(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$|^PLUMBLINE_PORT$/;
/** Switches of the test suite; they reach the processes that tests start. */
const TEST_SWITCH = /^PLUMBLINE_TEST_/;

function readEnvironment(env: NodeJS.ProcessEnv, problems: string[]): Map<string, Given> {
  const given = new Map<string, Given>();
  const keyOf = new Map(SETTING_KEYS.map((key) => [variableOf(key), key]));
  for (const [variable, value] of Object.entries(env)) {
    const key = keyOf.get(variable);
    // An empty variable is how compose files and shells say "not set".
    if (key !== undefined && value !== undefined && value.trim() !== '') {
      given.set(key, { value: value.trim(), place: variable });
    } else if (key === undefined && variable.startsWith('PLUMBLINE_')) {
      if (!SERVICE_LINK.test(variable) && !TEST_SWITCH.test(variable)) {
        problems.push(unknownName(variable, [...keyOf.keys()]));
      }
    }
  }
  return given;
}

function readFile(text: string, problems: string[]): Map<string, Given> {
  const given = new Map<string, Given>();
  const document = parseDocument(text);
  const [broken] = document.errors;
  if (broken !== undefined) {
    problems.push(`${CONFIG_FILE} is not YAML: ${broken.message.split('\n')[0]}`);
    return given;
  }
  const content: unknown = document.toJS() ?? {};
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    problems.push(`${CONFIG_FILE} must be a map of settings, such as "apiPort: 4319"`);
    return given;
  }
  for (const [key, value] of Object.entries(content)) {
    const place = `${key} in ${CONFIG_FILE}`;
    if (!SETTING_KEYS.includes(key)) problems.push(unknownName(place, SETTING_KEYS, key));
    else if (Array.isArray(value)) given.set(key, { value: value.join(','), place });
    else if (typeof value === 'object' && value !== null)
      problems.push(`${place} must be one value or a list`);
    else if (value !== null && value !== '') given.set(key, { value: String(value), place });
  }
  return given;
}

function unknownName(place: string, known: readonly string[], name: string = place): string {
  const nearest = nearestName(name, known);
  return nearest === null
    ? `${place} is not a setting; known are ${known.join(', ')}`
    : `${place} is not a setting; did you mean ${nearest}?`;
}

/** 127.0.0.0/8, ::1 and localhost: only this machine can connect. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

function serviceLinkHint(given: Given): string {
  return /^(tcp|udp):\/\//.test(given.value)
    ? ' (Kubernetes set it for a Service of that name: set enableServiceLinks: false in the pod)'
    : '';
}

/** Rules between settings; each problem says what to do. */
function crossFieldProblems(config: Config, given: ReadonlyMap<string, Given>): string[] {
  const problems: string[] = [];
  const named = (key: string): string => given.get(key)?.place ?? variableOf(key);
  if (!isLoopback(config.host) && config.keys.length === 0) {
    problems.push(
      `${named('host')} is ${config.host}, which others can reach, and there are no keys: set PLUMBLINE_KEYS to one or more secrets (for example the output of "openssl rand -hex 16"), or set PLUMBLINE_HOST to 127.0.0.1`,
    );
  }
  const ports = ['otlpGrpcPort', 'otlpHttpPort', 'apiPort', 'clickhousePort', 'kedaPort'] as const;
  for (const [index, key] of ports.entries()) {
    const twin = ports
      .slice(0, index)
      .find((other) => config[other] === config[key] && config[key] !== 0 && config[key] !== undefined);
    if (twin !== undefined) problems.push(`${named(twin)} and ${named(key)} are both ${config[key]}`);
  }
  if (config.clickhouseUrl === undefined && !config.roles.includes('store')) {
    problems.push(
      `${named('roles')} leaves out store, so CLICKHOUSE_URL must say where ClickHouse is (or add store)`,
    );
  }
  if (config.clickhouseCluster !== undefined && config.clickhouseUrl === undefined) {
    problems.push(
      `${named('clickhouseCluster')} is set without CLICKHOUSE_URL: the embedded engine is no cluster`,
    );
  }
  if (config.webhookSecret !== undefined && config.webhookUrl === undefined) {
    problems.push(`${named('webhookSecret')} is set without PLUMBLINE_WEBHOOK_URL, so nothing would be sent`);
  }
  const github = (['githubWebhookSecret', 'githubAppId', 'githubAppKey'] as const).filter(
    (key) => config[key] === undefined,
  );
  if (github.length === 1 || github.length === 2) {
    problems.push(`GitHub needs ${github.map(variableOf).join(' and ')} as well, or none of its settings`);
  }
  for (const name of ['cloudEvents', 'opaLog'] as const) {
    if (config[`${name}Token`] !== undefined && config[`${name}Url`] === undefined)
      problems.push(
        `${named(`${name}Token`)} is set without ${variableOf(`${name}Url`)}, so nothing would be sent`,
      );
  }
  if (config.spoolBytesMax < 4 * config.otlpBodyBytesMax) {
    problems.push(
      `${named('spoolBytesMax')} must hold at least four bodies of ${named('otlpBodyBytesMax')} (${4 * config.otlpBodyBytesMax} bytes)`,
    );
  }
  return problems;
}

function refuse(problems: readonly string[]): never {
  const [first] = problems;
  const message =
    problems.length === 1
      ? `The configuration has a problem: ${first}.`
      : `The configuration has ${problems.length} problems:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`;
  throw new PipelineError('config_invalid', message, { problemCount: problems.length });
}

/**
 * Checks the environment and the text of `plumbline.yaml` (null when there is none); the environment wins.
 * Paths become absolute. With CLICKHOUSE_URL the store role is left out: the store is elsewhere.
 * @throws PipelineError config_invalid that lists every problem at once
 */
export function parseConfig(from: {
  env: NodeJS.ProcessEnv;
  fileText: string | null;
  folder: string;
}): Config {
  const problems: string[] = [];
  const ofFile = from.fileText === null ? new Map<string, Given>() : readFile(from.fileText, problems);
  const given = new Map([...ofFile, ...readEnvironment(from.env, problems)]);
  const parsed = SETTINGS.safeParse(Object.fromEntries([...given].map(([key, { value }]) => [key, value])));
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const wrong = given.get(String(issue.path[0])) as Given;
      const shown = SECRETS.has(String(issue.path[0])) ? 'not right' : `"${wrong.value}"`;
      problems.push(`${wrong.place} is ${shown}: ${issue.message}${serviceLinkHint(wrong)}`);
    }
    return refuse(problems);
  }
  const { data } = parsed;
  const absolute = (path: string | undefined) =>
    path === undefined ? undefined : resolve(from.folder, path);
  const config: Config = {
    ...data,
    dataDir: resolve(from.folder, data.dataDir),
    constraints: absolute(data.constraints),
    signingKeyFile: absolute(data.signingKeyFile),
    approversFile: absolute(data.approversFile),
    checkpointDir: absolute(data.checkpointDir),
    githubAppKey: absolute(data.githubAppKey),
    roles: data.roles.filter((role) => role !== 'store' || data.clickhouseUrl === undefined),
  };
  if (config.roles.length === 0)
    problems.push('PLUMBLINE_ROLES is store, but CLICKHOUSE_URL replaces the store: unset one of them');
  problems.push(...crossFieldProblems(config, given));
  if (problems.length > 0) return refuse(problems);
  return config;
}

/** Reads the configuration of a process started in `folder`. @throws PipelineError config_invalid */
export function readConfig(env: NodeJS.ProcessEnv, folder: string): Config {
  const path = join(folder, CONFIG_FILE);
  let fileText: string | null = null;
  try {
    fileText = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new PipelineError('config_invalid', `${path} cannot be read: ${(error as Error).message}.`, {
        path,
      });
    }
  }
  return parseConfig({ env, fileText, folder });
}
