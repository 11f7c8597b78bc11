import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearestName } from '../../core/nearest-name.ts';
import { type Config, isLoopback, parseConfig } from '../../main/config.ts';
import { SETTING_KEYS, variableOf } from '../../main/settings.ts';

const parse = (env: NodeJS.ProcessEnv, fileText: string | null = null): Config =>
  parseConfig({ env, fileText, folder: '/srv/shop' });

function refusal(env: NodeJS.ProcessEnv, fileText: string | null = null): string {
  try {
    parse(env, fileText);
  } catch (error) {
    expect(error).toMatchObject({ code: 'config_invalid' });
    return (error as Error).message;
  }
  throw new Error('the configuration was accepted');
}

describe('configuration', () => {
  it('1: has the documented defaults', () => {
    expect(parse({ HOME: '/root' })).toMatchObject({
      otlpGrpcPort: 4317,
      otlpHttpPort: 4318,
      apiPort: 4319,
      clickhousePort: 8123,
      host: '127.0.0.1',
      dataDir: '/srv/shop/.plumbline',
      constraints: undefined,
      roles: ['store', 'ingest', 'judge', 'api'],
      keys: [],
      otelSdkDisabled: false,
    });
  });

  it('takes the file, and the environment over the file', () => {
    const file = 'apiPort: 1\notlpHttpPort: 2\nroles: [api, store]\nkeys:\n  - one\n  - two\n';
    expect(parse({ PLUMBLINE_API_PORT: '3' }, file)).toMatchObject({
      apiPort: 3,
      otlpHttpPort: 2,
      roles: ['store', 'api'],
      keys: ['one', 'two'],
    });
  });

  it('leaves the store out when ClickHouse is elsewhere', () => {
    expect(parse({ CLICKHOUSE_URL: 'http://ch:8123' }).roles).toEqual(['ingest', 'judge', 'api']);
    expect(parse({ CLICKHOUSE_URL: 'http://ch:8123', PLUMBLINE_ROLES: 'judge, api' }).roles).toEqual([
      'judge',
      'api',
    ]);
  });

  it('reads an empty variable as not set', () => {
    expect(parse({ PLUMBLINE_API_PORT: '', PLUMBLINE_CONSTRAINTS: ' ' }).apiPort).toBe(4319);
  });

  it('lets a non-loopback host pass with keys', () => {
    expect(parse({ PLUMBLINE_HOST: '0.0.0.0', PLUMBLINE_KEYS: ' a ,b,' }).keys).toEqual(['a', 'b']);
  });

  it('ignores what Kubernetes writes for a Service of our name', () => {
    const env = {
      PLUMBLINE_SERVICE_HOST: '10.0.0.1',
      PLUMBLINE_SERVICE_PORT_OTLP_HTTP: '4318',
      PLUMBLINE_PORT: 'tcp://10.0.0.1:4318',
      PLUMBLINE_PORT_4318_TCP_ADDR: '10.0.0.1',
      PLUMBLINE_EXTRA_SERVICE_HOST: '10.0.0.2',
    };
    expect(parse(env).otlpHttpPort).toBe(4318);
  });

  it.each<[string, NodeJS.ProcessEnv, string | null, string]>([
    ['misspelt variable', { PLUMBLINE_OTPL_HTTP_PORT: '1' }, null, 'did you mean PLUMBLINE_OTLP_HTTP_PORT?'],
    ['misspelt key', {}, 'apiProt: 1', 'apiProt in plumbline.yaml is not a setting; did you mean apiPort?'],
    ['variable name as a key', {}, 'zzz: 1', 'known are otlpGrpcPort'],
    ['port not a number', { PLUMBLINE_API_PORT: 'x' }, null, 'PLUMBLINE_API_PORT is "x": must be a port'],
    ['port too large', { PLUMBLINE_API_PORT: '70000' }, null, 'at most 65535'],
    ['service link', { PLUMBLINE_API_PORT: 'tcp://10.0.0.1:4319' }, null, 'enableServiceLinks: false'],
    ['two equal ports', { PLUMBLINE_API_PORT: '4318' }, null, 'are both 4318'],
    ['open host', { PLUMBLINE_HOST: '0.0.0.0' }, null, 'set PLUMBLINE_KEYS'],
    ['open host by name', {}, 'host: plumbline.internal', 'host in plumbline.yaml is plumbline.internal'],
    ['unknown role', { PLUMBLINE_ROLES: 'ingest,judges' }, null, 'any of store,ingest,judge,api'],
    ['no role', { PLUMBLINE_ROLES: ',' }, null, 'must name a role'],
    ['no store anywhere', { PLUMBLINE_ROLES: 'api' }, null, 'CLICKHOUSE_URL must say where'],
    ['store twice', { PLUMBLINE_ROLES: 'store', CLICKHOUSE_URL: 'http://c' }, null, 'unset one of them'],
    ['URL without scheme', { CLICKHOUSE_URL: 'clickhouse:8123' }, null, 'http:// or https://'],
    ['Redis by http', { REDIS_URL: 'http://redis' }, null, 'redis://'],
    ['secret without URL', { PLUMBLINE_WEBHOOK_SECRET: 's' }, null, 'nothing would be sent'],
    ['half a GitHub App', { PLUMBLINE_GITHUB_APP_ID: '1' }, null, 'PLUMBLINE_GITHUB_WEBHOOK_SECRET and'],
    ['token without URL', { PLUMBLINE_OPA_LOG_TOKEN: 't' }, null, 'PLUMBLINE_OPA_LOG_URL'],
    ['small spool', { PLUMBLINE_SPOOL_BYTES_MAX: '1000' }, null, 'at least four bodies'],
    ['file not YAML', {}, 'a: [', 'plumbline.yaml is not YAML'],
    ['file not a map', {}, '- 1', 'must be a map'],
    ['nested value', {}, 'apiPort:\n  a: 1', 'must be one value or a list'],
  ])('refuses: %s', (_name, env, fileText, part) => {
    expect(refusal(env, fileText)).toContain(part);
  });

  it('shows no secret in an error', () => {
    const text = refusal({ CLICKHOUSE_URL: 'tcp://user:hunter2@c:9000', REDIS_URL: 'http://:hunter2@r' });
    expect(text).toContain('2 problems');
    expect(text).not.toContain('hunter2');
  });

  it('lists every problem at once', () => {
    const text = refusal({ PLUMBLINE_API_PORT: 'x', PLUMBLINE_KEY: 'k', PLUMBLINE_ROLES: 'no' });
    expect(text).toContain('3 problems');
    expect(text.split('\n  - ')).toHaveLength(4);
  });
});

describe('names', () => {
  it('find their way back after any single slip', () => {
    const slip = fc.record({
      key: fc.constantFrom(...SETTING_KEYS.map(variableOf)),
      at: fc.nat(),
      letter: fc.constantFrom('', 'X', '_'),
    });
    const property = fc.property(slip, ({ key, at, letter }) => {
      const index = 10 + (at % (key.length - 10));
      const misspelt = key.slice(0, index) + letter + key.slice(index + 1);
      expect(nearestName(misspelt, SETTING_KEYS.map(variableOf))).not.toBeNull();
    });
    fc.assert(property);
  });

  it('are not guessed from nothing', () => {
    expect(nearestName('zzzz', SETTING_KEYS)).toBeNull();
  });

  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['localhost', true],
    ['::1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['127.example.com', false],
  ])('%s is loopback: %s', (host, loopback) => {
    expect(isLoopback(host)).toBe(loopback);
  });
});
