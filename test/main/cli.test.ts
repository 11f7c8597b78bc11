import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyMigrated } from '../copy-migrated.ts';
import { type Finished, runPlumbline, type Server, startServer } from './run-plumbline.ts';

const DEMO_CONSTRAINTS = join(import.meta.dirname, '../../demo/constraints.yaml');

let folder: string;
let dataDir: string;
let server: Server;

const run = (...args: readonly string[]): Promise<Finished> => runPlumbline(args, { dataDir });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-cli-'));
  dataDir = join(folder, 'data');
  copyMigrated(dataDir, { tallies: [] });
  // Without judge: no command here needs it, and its queue takes the longest to make.
  const env = { PLUMBLINE_CONSTRAINTS: DEMO_CONSTRAINTS, PLUMBLINE_ROLES: 'store,ingest,api' };
  server = await startServer({ dataDir, env });
});
afterAll(async () => {
  server.signalGroup('SIGKILL');
  await server.exitCode();
  rmSync(folder, { recursive: true, force: true });
});

describe('commands against a server', () => {
  it('ask: hold is 20, deny is 10, an error is 1', async () => {
    const [hold, deny, error] = await Promise.all([
      run('ask', '--service', 'checkout', '--from', '6', '--to', '4'),
      run('ask', '--service', 'checkout', '--kind', 'scale', '--from', '6', '--to', '40', '--json'),
      run('ask', '--service', 'checkout'),
    ]);
    expect(hold).toMatchObject({ code: 20, stderr: '' });
    expect(hold.stdout).toMatch(/^HOLD until .*\n {2}data: unknown/);
    expect(deny.code).toBe(10);
    expect(JSON.parse(deny.stdout)).toMatchObject({ decision: 'deny' });
    expect(error).toMatchObject({ code: 1, stdout: '' });
    expect(error.stderr).toContain('Pass --kind, or both --from and --to');
  });

  it('ask: allow is 0', async () => {
    const allow = await run('ask', '--service', 'shop', '--kind', 'rollback', '--json');
    expect(JSON.parse(allow.stdout)).toMatchObject({ decision: 'allow' });
    expect(allow.code).toBe(0);
  });

  it('lists and prints nothing as nothing', async () => {
    const [findings, json] = await Promise.all([
      run('findings', '--state', 'closed'),
      run('findings', '--json'),
    ]);
    expect(findings).toMatchObject({ code: 0, stdout: 'No findings.\n' });
    expect(JSON.parse(json.stdout)).toEqual({ findings: [] });
  });

  it('report: an unknown one is an error in one sentence', async () => {
    const [list, one] = await Promise.all([run('report'), run('report', 'r_0000000000000000')]);
    expect(list).toMatchObject({ code: 0, stdout: 'No reports.\n' });
    expect(one).toMatchObject({
      code: 1,
      stderr: 'plumbline: There is no report r_0000000000000000; GET /api/v1/reports lists them.\n',
    });
  });

  it('sql: reads, and hands on what the engine says', async () => {
    const [rows, json, write] = await Promise.all([
      run('sql', 'SELECT 1 AS one, 2 AS two'),
      run('sql', '--json', 'SELECT 1 AS one'),
      run('sql', 'DROP TABLE otel_traces'),
    ]);
    expect(rows).toMatchObject({ code: 0, stdout: 'one\ttwo\n1\t2\n' });
    expect(JSON.parse(json.stdout)).toMatchObject({ rows: 1 });
    expect(write.code).toBe(1);
    expect(write.stderr).toContain('READONLY');
  });

  it('ledger verify: intact while the server writes to it', async () => {
    await run('ask', '--service', 'checkout', '--from', '6', '--to', '4');
    const verified = await run('ledger', 'verify', '--json');
    expect(verified.code).toBe(0);
    expect(JSON.parse(verified.stdout)).toMatchObject({ isIntact: true });
    const wrong = await run('ledger', 'verify', '--since', `1:${'0'.repeat(64)}`);
    expect(wrong).toMatchObject({ code: 1, stdout: expect.stringContaining('NOT INTACT') });
  });

  it('constraints precision: unknown, while nobody told how a hold turned out', async () => {
    await run('ask', '--service', 'checkout', '--from', '6', '--to', '4');
    const precision = async () => (await run('constraints', 'precision')).stdout;
    await expect.poll(precision).toMatch(/^CONSTRAINT .*\nbuilt-in +\d+ +0 of 0 +unknown/);
  });

  it('doctor: all well', async () => {
    const doctor = await run('doctor', '--json');
    const { checks } = JSON.parse(doctor.stdout) as {
      checks: { name: string; level: string; text: string }[];
    };
    expect(checks.filter(({ level }) => level === 'fail')).toEqual([]);
    const names = checks.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['engine', 'tables', 'clock skew', 'disk', 'api role', 'spool']),
    );
    expect(checks.find(({ name }) => name === 'server')?.text).toContain(`pid ${server.pid}`);
    expect(doctor.code).toBe(0);
  });
});

describe('a decision', () => {
  it("shows as a span in its caller's trace", async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const response = await fetch(`http://127.0.0.1:${server.ports.apiPort}/api/v1/decisions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${traceId}-b7ad6b7169203331-01` },
      body: JSON.stringify({
        actor: { id: 'a' },
        action: { kind: 'scale.up' },
        target: { service: 'checkout' },
      }),
    });
    expect(response.status).toBe(200);
    const query = `SELECT ServiceName, ParentSpanId, SpanName FROM otel_traces WHERE TraceId = '${traceId}'`;
    const rows = async (): Promise<string> => (await run('sql', '--format', 'TSV', query)).stdout;
    await expect
      .poll(rows, { timeout: 20_000, interval: 1_000 })
      .toBe('plumbline\tb7ad6b7169203331\tPOST /api/v1/decisions\n');
  }, 30_000);
});

describe('commands without a server', () => {
  it('say in one sentence that nothing answers', async () => {
    const [findings, ask] = await Promise.all([
      run('findings', '--api', 'http://127.0.0.1:9'),
      run('ask', '--service', 'a', '--kind', 'b', '--api', 'http://127.0.0.1:9', '--json'),
    ]);
    expect(findings).toMatchObject({ code: 1, stdout: '' });
    expect(findings.stderr).toBe(
      'plumbline: No Plumbline answers at http://127.0.0.1:9: start one with "npm start", or say where it is with --api or PLUMBLINE_API_URL.\n',
    );
    expect(ask.code).toBe(1);
    expect(JSON.parse(ask.stderr)).toMatchObject({ error: { code: 'api_unavailable' } });
  });

  it('demo fault: says when no demo runs', async () => {
    const fault = await runPlumbline(['demo', 'fault', 'lose', 'on'], {
      dataDir,
      env: { PLUMBLINE_DEMO_PORT: '9' },
    });
    expect(fault).toMatchObject({ code: 1, stderr: expect.stringContaining('No demo answers on port 9') });
  });

  it('constraints lint: 0 for a good file, 1 with place and hint for a bad one, 2 for none', async () => {
    const bad = join(folder, 'bad.yaml');
    writeFileSync(bad, readFileSync(DEMO_CONSTRAINTS, 'utf8').replace('replicas: { min', 'replicsa: { min'));
    const [good, wrong, missing] = await Promise.all([
      run('constraints', 'lint', DEMO_CONSTRAINTS),
      run('constraints', 'lint', bad),
      run('constraints', 'lint', join(folder, 'none.yaml')),
    ]);
    expect(good).toMatchObject({ code: 0, stdout: '1 checked, 0 errors.\n' });
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toMatch(/bad\.yaml:\d+:\d+: .*replicsa/);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('none.yaml cannot be read') });
  });

  it('constraints test: 0 when all pass, 1 with what came instead, 2 for a broken file', async () => {
    const text = readFileSync(DEMO_CONSTRAINTS, 'utf8');
    const ask = 'ask: { kind: delete }';
    const file = (name: string, more: string) => {
      const path = join(folder, name);
      writeFileSync(path, `${text}\n${more}`);
      return path;
    };
    const [good, wrong, none, broken] = await Promise.all([
      run('constraints', 'test', file('t1.yaml', `tests: [{ name: a, ${ask}, expect: { decision: deny } }]`)),
      run(
        'constraints',
        'test',
        file('t2.yaml', `tests: [{ name: a, ${ask}, expect: { decision: allow, reason: OK } }]`),
      ),
      run('constraints', 'test', DEMO_CONSTRAINTS),
      run('constraints', 'test', file('t3.yaml', 'tests: [{ name: a }]')),
    ]);
    expect(good).toMatchObject({ code: 0, stdout: '1 passed, 0 failed.\n' });
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toMatch(/FAILED .*t2\.yaml: a\n {2}- allow, OK\n {2}\+ deny, USE_UNKNOWN/);
    expect(none).toMatchObject({ code: 1, stdout: expect.stringContaining('No tests') });
    expect(broken).toMatchObject({ code: 2, stderr: expect.stringContaining('tests.0.ask is missing') });
  });

  it('constraints effective and replay: of what the server holds', async () => {
    const changed = join(folder, 'changed.yaml');
    writeFileSync(changed, readFileSync(DEMO_CONSTRAINTS, 'utf8'));
    const [effective, replay, unclearTime] = await Promise.all([
      run('constraints', 'effective', '--service', 'checkout', '--kind', 'scale.down'),
      run('constraints', 'replay', changed, '--from', '1h'),
      run('constraints', 'replay', changed, '--from', 'yesterday'),
    ]);
    expect(effective).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('on unknown data, scale.down: hold'),
    });
    expect(replay).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/\d+ decisions: \d+ stay, 0 flip/),
    });
    expect(unclearTime.stderr).toContain('"yesterday" is no time');
  });

  it('doctor: 1 and what to do when something fails', async () => {
    const { apiPort } = server.ports;
    const doctor = await runPlumbline(['doctor'], {
      dataDir: join(folder, 'other'),
      env: { PLUMBLINE_API_PORT: String(apiPort), PLUMBLINE_CONSTRAINTS: join(folder, 'none') },
    });
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(new RegExp(`fail {2}port ${apiPort} +taken, and wanted for API`));
    expect(doctor.stdout).toContain('-> stop what listens there, or set PLUMBLINE_API_PORT');
    expect(doctor.stdout).toContain('-> check PLUMBLINE_CONSTRAINTS');
  });

  it('doctor: names every mistake of the configuration', async () => {
    const doctor = await runPlumbline(['doctor'], { dataDir, env: { PLUMBLINE_KEYZ: 'x' } });
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toContain('did you mean PLUMBLINE_KEYS?');
  });

  it('help has examples, a wrong command is an error', async () => {
    const [help, wrong] = await Promise.all([run('ask', '--help'), run('fidnings')]);
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('Exit codes: 0 allow, 10 deny') });
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('Did you mean findings?') });
  });

  it('run on an older Node by starting the one that npm installed', async () => {
    const asOldNode = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.0.0' } })`;
    const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(asOldNode)}`];
    const args = ['constraints', 'lint', join(folder, 'none.yaml')];
    const finished = await runPlumbline(args, { dataDir, nodeArgs });
    expect(finished).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be read') });
  });
});
