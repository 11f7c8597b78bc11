import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { writeReport } from '../../store/reports.ts';
import { type Answer, send, startTestWorld, type TestWorld } from './start-adapters.ts';

const KEY = 'a-key-for-the-test';
const MODERN = '2026-07-28';

let world: TestWorld;
let url: string;
let modern: Client;
let legacy: Client;

async function connect(
  versionNegotiation: { mode: 'legacy' } | { mode: { pin: string } },
  key: string = KEY,
): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation });
  const requestInit = { headers: { authorization: `Bearer ${key}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  return client;
}

beforeAll(async () => {
  world = await startTestWorld();
  const { port } = await world.start('mcp', { keys: [KEY], publicUrl: 'https://gate.example' });
  url = `http://127.0.0.1:${port}/mcp`;
  await writeReport(world.engine.client, {
    id: 'r_1',
    subjectId: 'f_1',
    state: 'open',
    openedAt: '2026-11-27T10:00:00.000Z',
    updatedAt: '2026-11-27T10:05:00.000Z',
    closedAt: null,
    headline: 'checkout answers 12 % slower at equal load since 10:00',
    markdown: '# checkout answers 12 % slower\n',
    facts: { findingId: 'f_1' },
  });
  modern = await connect({ mode: { pin: MODERN } });
  legacy = await connect({ mode: 'legacy' });
});
afterAll(async () => {
  await Promise.all([modern.close(), legacy.close()]);
  await world.close();
});

/** The SDK checks structuredContent by the tool's outputSchema, and throws. */
async function call(
  name: string,
  given: Record<string, unknown>,
  client = modern,
): Promise<{ text: string; answer: Answer['body']; isError: boolean }> {
  const result = await client.callTool({ name, arguments: given });
  const [first] = result.content as readonly { type: string; text: string }[];
  return {
    text: first?.text as string,
    answer: result.structuredContent,
    isError: result.isError === true,
  };
}

const down = (service: string, to = 4) => ({
  service,
  kind: 'scale.down',
  actor: 'agent/test',
  from: { replicas: 6 },
  to: { replicas: to },
});

describe('the tools', () => {
  it('are the eight, each with schemas and hints, for clients of 2026 and of 2025', async () => {
    const { tools } = await modern.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual([
      'check_action',
      'explain_decision',
      'get_data_quality',
      'get_drift_report',
      'list_constraints',
      'list_drift_reports',
      'record_outcome',
      'what_would_allow',
    ]);
    for (const { name, outputSchema, inputSchema, annotations, description } of tools) {
      expect(outputSchema?.type).toBe('object');
      expect(inputSchema.type).toBe('object');
      expect(description?.length).toBeGreaterThan(20);
      expect(annotations).toMatchObject({
        readOnlyHint: name !== 'record_outcome',
        destructiveHint: false,
        openWorldHint: false,
      });
    }
    const { tools: ofLegacy } = await legacy.listTools();
    expect(ofLegacy.map(({ name }) => name)).toEqual(tools.map(({ name }) => name));
    expect(legacy.getInstructions()).toContain('check_action');
  });

  it.each(['modern', 'legacy'] as const)('check_action allows, holds and denies a %s client', async (era) => {
    const client = { modern, legacy }[era];
    const allowed = await call('check_action', down('checkout'), client);
    expect(allowed.answer).toMatchObject({
      decision: 'allow',
      asAsked: true,
      limits: { minTo: { replicas: 2 } },
    });
    expect(allowed.text).toMatch(/^ALLOW: .* Act before \d\d:\d\d:\d\d UTC/);
    const held = await call('check_action', down('cart'), client);
    expect(held.answer).toMatchObject({ decision: 'hold', asAsked: false, receipt: expect.any(String) });
    expect(held.text).toMatch(/^HOLD: .* Re-ask after \d\d:\d\d:\d\d UTC\./);
    const denied = await call('check_action', { ...down('cart'), kind: 'promote' }, client);
    expect(denied.text).toMatch(/^DENY: .* do not ask again unchanged/);
  });

  it('check_action says when an allow is not for what was asked', async () => {
    const asked = { service: 'cart', kind: 'scale.up', actor: 'agent/test' };
    const { answer, text } = await call('check_action', {
      ...asked,
      from: { replicas: 4 },
      to: { replicas: 40 },
    });
    expect(answer).toMatchObject({ decision: 'allow', asAsked: false, limits: { maxTo: { replicas: 6 } } });
    expect(text).toContain('Not as asked: at most 6 replicas are allowed now, not 40.');
  });

  it.each([
    ['a kind nobody described', { ...down('checkout'), kind: 'dance' }],
    ['a kind that is none', { ...down('checkout'), kind: 'Scale Down' }],
    ['no actor', { service: 'checkout', kind: 'scale.down' }],
    ['an unknown field', { ...down('checkout'), force: true }],
    ['an empty service', { ...down('') }],
  ])('check_action gives no answer to %s', async (_, given) => {
    const { isError, answer } = await call('check_action', given);
    expect([isError, answer]).toEqual([true, undefined]);
  });

  it('what_would_allow permits nothing, and explain_decision tells of both', async () => {
    const would = await call('what_would_allow', down('ads'));
    expect(would.answer.decision).toBe('hold');
    expect(would.answer.wouldAllowIf.length).toBeGreaterThan(0);
    expect(would.answer.receipt).toBeNull();
    const { answer } = await call('check_action', down('ads'));
    const explain = (decisionId: string) => call('explain_decision', { decisionId });
    await expect
      .poll(async () => (await explain(answer.decisionId)).isError, { timeout: 10_000 })
      .toBe(false);
    expect((await explain(would.answer.decisionId)).answer.mode).toBe('shadow');
    const explained = await explain(answer.decisionId);
    expect(explained.answer).toMatchObject({ mode: 'enforce', decision: 'hold', outcomes: [] });
    expect(explained.text).toMatch(/^agent\/test asked for scale\.down of \{"service":"ads"\} at 20.*HOLD: /);

    const outcome = { decisionId: answer.decisionId, acted: false, result: 'good', by: 'alice' };
    const recorded = await call('record_outcome', outcome);
    expect(recorded.answer).toMatchObject(outcome);
    await expect
      .poll(async () => (await explain(answer.decisionId)).text, { timeout: 10_000 })
      .toContain('It turned out good (not acted on).');
  });

  it('explain_decision and record_outcome know no decision that is not there', async () => {
    const outcome = { decisionId: 'd_none', acted: true, result: 'good', by: 'alice' };
    expect((await call('record_outcome', outcome)).text).toMatch(/^NO ANSWER \(not_found\)/);
    expect((await call('explain_decision', { decisionId: 'd_none' })).isError).toBe(true);
  });

  it('get_data_quality never calls silence good', async () => {
    const quality = (service?: string) => call('get_data_quality', service === undefined ? {} : { service });
    expect((await quality('checkout')).answer).toMatchObject({ outcome: 'pass', leftOff: 0 });
    expect((await quality('checkout')).text).toMatch(/^PASS: the telemetry of checkout can be trusted now\./);
    const broken = await quality('ads');
    expect(broken.answer.sources[0].dimensions[0]).toMatchObject({ outcome: 'fail', estimate: 0.4 });
    expect(broken.text).toMatch(/^FAIL: .*\nads traces: fail; /);
    const silent = await quality('nobody');
    expect(silent.answer).toEqual({ outcome: 'unknown', sources: [], leftOff: 0 });
    expect(silent.text).toContain('Nothing arrived');
    expect((await quality()).answer.outcome).toBe('fail');
  });

  it('list_constraints tells what holds for a service', async () => {
    const { answer, text } = await call('list_constraints', { service: 'checkout', kind: 'scale.to_zero' });
    expect(answer.sets).toMatchObject([{ name: 'checkout', owner: 'shop', service: 'checkout' }]);
    expect(answer.effective.limits.replicas).toEqual({ min: 2, max: 20 });
    expect(text).toBe(
      'In force: checkout (owner shop). Replicas: 2 to 20. scale.to_zero on unknown data: deny (zero replicas on a false zero is an outage; built-in).',
    );
    expect((await call('list_constraints', {})).answer.effective).toBeNull();
    expect((await call('list_constraints', { service: 'cart' })).text).toContain('what is built in holds');
  });

  it('list_drift_reports and get_drift_report', async () => {
    const listed = await call('list_drift_reports', { state: 'open' });
    expect(listed.text).toBe('r_1 (open): checkout answers 12 % slower at equal load since 10:00');
    expect(listed.answer.reports).toMatchObject([{ id: 'r_1', subjectId: 'f_1' }]);
    expect((await call('list_drift_reports', { state: 'closed' })).text).toBe('No reports.');
    const byFinding = await call('get_drift_report', { id: 'f_1' });
    expect(byFinding.answer).toMatchObject({ id: 'r_1', facts: { findingId: 'f_1' } });
    expect((await call('get_drift_report', { id: 'f_2' })).isError).toBe(true);
  });
});

describe('the door', () => {
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'curl', version: '1' } },
  };
  const headers = { authorization: `Bearer ${KEY}`, accept: 'application/json, text/event-stream' };
  const post = (body: unknown, more: Record<string, string> = {}) => send(url, body, { ...headers, ...more });

  it('shakes hands as of 2025, without a session', async () => {
    const { status, text, headers: given } = await post(initialize);
    expect([status, given.get('mcp-session-id')]).toEqual([200, null]);
    expect(text).toContain('"protocolVersion":"2025-06-18"');
    expect(text).toContain('"name":"plumbline"');
  });

  it.each([
    ['no key', { authorization: '' }, 401],
    ['a wrong key', { authorization: 'Bearer other' }, 401],
    ['the key as a browser sends it', { authorization: `Basic ${btoa(`me:${KEY}`)}` }, 401],
    ['a page of another site', { origin: 'https://evil.example' }, 403],
    ['a page of no site', { origin: 'null' }, 403],
    ['its own page', { origin: 'https://gate.example' }, 200],
  ])('%s', async (_, more, status) => {
    const answer = await post(initialize, more);
    expect(answer.status).toBe(status);
    expect(answer.text).toContain('"jsonrpc":"2.0"');
  });

  it('refuses a foreign host, what is no JSON, too much of it, and sessions', async () => {
    // fetch sets Host itself.
    const { request } = await import('node:http');
    const status = await new Promise((done) => {
      const sent = request(url, { method: 'POST', headers: { ...headers, host: 'evil.example' } }, (got) => {
        got.resume();
        done(got.statusCode);
      });
      sent.end('{}');
    });
    expect(status).toBe(400);
    expect((await post('{"jsonrpc"')).body.error.code).toBe(-32_700);
    expect((await post({ ...initialize, padding: 'x'.repeat(300_000) })).status).toBe(413);
    expect((await send(url, undefined, headers)).status).toBe(405);
  });

  it('turns away a client with a wrong key', async () => {
    await expect(connect({ mode: { pin: MODERN } }, 'other')).rejects.toThrow();
    await expect(connect({ mode: 'legacy' }, 'other')).rejects.toThrow();
  });
});

describe('docs/mcp.md', () => {
  const text = readFileSync(resolve(import.meta.dirname, '../../docs/mcp.md'), 'utf8');
  const snippets = [...text.matchAll(/^## (.+)$\n(?:(?!^## )[\s\S])*?^```(json|yaml)\n([\s\S]*?)^```$/gm)];

  it('has a snippet for every caller, that parses and leads here', async () => {
    expect(snippets.map(([, caller]) => caller)).toEqual([
      'Claude Code',
      'Claude Desktop',
      'VS Code',
      'HolmesGPT',
      'k8sgpt',
    ]);
    for (const [, , language, snippet] of snippets) {
      const parsed = language === 'json' ? JSON.parse(snippet as string) : parse(snippet as string);
      const { plumbline } = parsed.mcpServers ?? parsed.servers ?? parsed.mcp_servers;
      const address = plumbline.url ?? plumbline.config?.url ?? plumbline.args[2];
      expect(new URL(address).pathname).toBe(new URL(url).pathname);
      expect(JSON.stringify(plumbline)).toMatch(/Authorization/);
    }
  });

  it('names every tool', async () => {
    const { tools } = await modern.listTools();
    for (const { name } of tools) expect(text).toContain(`\`${name}\``);
  });
});
