import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyMigrated } from '../copy-migrated.ts';
import { copyQueue } from '../copy-queue.ts';
import { runPlumbline, startServer } from './run-plumbline.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-refused-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('serve refuses in one sentence', () => {
  let taken: NetServer;
  let takenPort: number;

  beforeAll(async () => {
    taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    takenPort = (taken.address() as { port: number }).port;
  });
  afterAll(() => taken.close());

  async function refused(
    name: string,
    env: NodeJS.ProcessEnv,
  ): Promise<{ code: number | null; text: string }> {
    const { code, stderr, stdout } = await runPlumbline(['serve'], { dataDir: join(folder, name), env });
    expect(stdout).toBe('');
    expect(stderr).not.toContain('    at ');
    return { code, text: stderr };
  }

  it.each([
    'PLUMBLINE_OTLP_GRPC_PORT',
    'PLUMBLINE_OTLP_HTTP_PORT',
    'PLUMBLINE_API_PORT',
    'PLUMBLINE_CLICKHOUSE_PORT',
    'PLUMBLINE_KEDA_PORT',
  ])('a taken port: %s', async (variable) => {
    const { code, text } = await refused('ports', { [variable]: String(takenPort) });
    expect(code).toBe(3);
    expect(text).toMatch(new RegExp(`^plumbline: .*${takenPort}.* is taken.*${variable}`));
    expect(text.trimEnd().split('\n')).toHaveLength(1);
  });

  it('a second process on the same directory', async () => {
    copyMigrated(join(folder, 'twice'), { tallies: [] });
    const server = await startServer({ dataDir: join(folder, 'twice'), env: { PLUMBLINE_ROLES: 'store' } });
    const { code, text } = await refused('twice', {});
    server.signalGroup('SIGKILL');
    expect(code).toBe(4);
    expect(text).toContain(`in use by another plumbline process (pid ${server.pid})`);
  });

  it('a directory that cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    const { code, text } = await refused('file', {});
    expect(code).toBe(5);
    expect(text).toContain('cannot be written');
  });

  it('a bad configuration, with all that is wrong', async () => {
    const { code, text } = await refused('config', { PLUMBLINE_HOST: '0.0.0.0', PLUMBLINE_APIPORT: '1' });
    expect(code).toBe(2);
    expect(text).toContain('2 problems');
    expect(text).toContain('did you mean PLUMBLINE_API_PORT?');
  });

  it('an address of another machine', async () => {
    const { code, text } = await refused('host', { PLUMBLINE_HOST: '192.0.2.1', PLUMBLINE_KEYS: 'a' });
    expect(code).toBe(2);
    expect(text).toContain('set PLUMBLINE_HOST to an address of this machine');
  });

  it('broken constraints', async () => {
    copyMigrated(join(folder, 'constraints'), { tallies: [] });
    await copyQueue(join(folder, 'constraints'));
    const constraints = join(folder, 'broken.yaml');
    writeFileSync(constraints, 'apiVersion: constraints/v1alpha1\nkind: ConstraintsSet\n');
    const { code, text } = await refused('constraints', { PLUMBLINE_CONSTRAINTS: constraints });
    expect(code).toBe(2);
    expect(text).toContain('broken.yaml');
  });
});
