import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { metrics } from '@opentelemetry/api';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cloudEventMessage } from '../../alerts/cloud-event.ts';
import { reportEvent } from '../../alerts/report-event.ts';
import { channelsFor } from '../../alerts/tell.ts';
import type { DecisionSink } from '../../gates/export-decisions.ts';
import { createGate, type Gate } from '../../gates/gate.ts';
import { readLedgerCursor } from '../../gates/ledger-cursor.ts';
import { createNotifier } from '../../jobs/notify.ts';
import { decisionEvent, decisionEvents } from '../../main/adapters/decision-events.ts';
import { opaDecisionLog } from '../../main/adapters/opa-decision-log.ts';
import { readNotifications } from '../../store/notifications.ts';
import { sampleDecision, sampleReport } from '../api/samples.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { askOf } from '../gates/judged-world.ts';

const SOURCE = 'urn:plumbline:test';
const EVENT_BYTES_MAX = 65_536;

interface Receiver {
  readonly url: string;
  readonly server: Server;
  readonly got: { headers: IncomingHttpHeaders; body: Buffer }[];
  status: number;
}

async function startReceiver(): Promise<Receiver> {
  const got: Receiver['got'] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (receiver.status < 300) got.push({ headers: request.headers, body: Buffer.concat(chunks) });
    response.writeHead(receiver.status).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/logs`,
    server,
    got,
    status: 200,
  };
  return receiver;
}

describe('cloudEventMessage', () => {
  const event = decisionEvent(sampleDecision(), SOURCE);

  it('is one JSON object in structured mode', () => {
    const { headers, body } = cloudEventMessage(event, 'structured');
    expect(headers).toEqual({ 'content-type': 'application/cloudevents+json; charset=utf-8' });
    expect(JSON.parse(body)).toEqual({
      specversion: '1.0',
      id: sampleDecision().response.decisionId,
      source: SOURCE,
      type: 'dev.plumbline.gate.decision.v1',
      subject: 'checkout',
      time: new Date(sampleDecision().decidedAtMs).toISOString(),
      datacontenttype: 'application/json',
      data: expect.objectContaining({
        decision: sampleDecision().response.decision,
        hash: sampleDecision().hash,
      }),
    });
  });

  it('has its attributes in headers in binary mode, percent-encoded', () => {
    const { headers, body } = cloudEventMessage({ ...event, subject: 'Euro € "50%" x' }, 'binary');
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': event.id,
      'ce-source': SOURCE,
      'ce-type': 'dev.plumbline.gate.decision.v1',
      'ce-subject': 'Euro%20%E2%82%AC%20%2250%25%22%20x', // the example of the HTTP binding, section 3.1.3.2
      'ce-time': event.time,
    });
    expect(JSON.parse(body)).toEqual(event.data);
  });

  it('stays below 64 KiB, and says what was left out', () => {
    const row = sampleDecision();
    const big = { ...row, request: { ...row.request, inputs: [{ text: 'ü'.repeat(60_000) }] } };
    const reasons = Array.from({ length: 500 }, () => ({
      ...row.response.reasons[0],
      text: 'x'.repeat(400),
    }));
    const bigger = { ...big, response: { ...row.response, reasons } } as typeof row;
    for (const [made, left] of [
      [big, 'reasons'],
      [bigger, 'prevHash'],
    ] as const) {
      const { data } = decisionEvent(made, SOURCE);
      expect(data).toMatchObject({
        truncated: true,
        decisionId: row.response.decisionId,
        [left]: expect.anything(),
      });
      expect(
        Buffer.byteLength(cloudEventMessage(decisionEvent(made, SOURCE), 'structured').body),
      ).toBeLessThan(EVENT_BYTES_MAX);
    }
  });
});

describe('reportEvent', () => {
  const openedAt = '2026-11-27T12:00:00.000Z';
  const finding = {
    openedAt,
    updatedAt: openedAt,
    facts: { kind: 'finding', subject: 'checkout', evidence: {} },
  };

  it.each([
    ['opened', finding, 'dev.plumbline.drift.opened.v1'],
    ['updated', { ...finding, updatedAt: '2026-11-27T12:05:00.000Z' }, 'dev.plumbline.drift.updated.v1'],
    ['closed', { ...finding, state: 'closed' as const }, 'dev.plumbline.drift.resolved.v1'],
    ['about data', { ...finding, facts: { kind: 'verdict' } }, 'dev.plumbline.source.trust_changed.v1'],
  ])('names what is %s', (_, given, type) => {
    const report = sampleReport(given);
    expect(reportEvent(report, SOURCE)).toMatchObject({
      type,
      time: given.updatedAt,
      id: `${report.id}.${Date.parse(given.updatedAt)}`,
    });
    expect(reportEvent(report, SOURCE).id).toBe(reportEvent(report, SOURCE).id);
  });

  it('stays below 64 KiB', () => {
    const huge = sampleReport({
      headline: 'x'.repeat(100_000),
      facts: { kind: 'finding', reasons: ['y'.repeat(100_000)] },
    });
    const { body } = cloudEventMessage(reportEvent(huge, SOURCE), 'structured');
    expect(Buffer.byteLength(body)).toBeLessThan(EVENT_BYTES_MAX);
    expect(JSON.parse(body).data).toMatchObject({ truncated: true, id: huge.id });
  });

  it('is sent for every news, also where nobody is called', () => {
    const cloudEvents = { url: 'http://x', token: undefined, mode: 'structured', source: SOURCE } as const;
    const telling = { report: sampleReport(), news: 'updated' } as const;
    expect(channelsFor(telling, { webhookUrl: 'http://x', cloudEvents })).toEqual(['cloudevents']);
    expect(channelsFor({ ...telling, news: 'opened' }, { webhookUrl: 'http://x', cloudEvents })).toEqual([
      'webhook',
      'cloudevents',
    ]);
  });
});

describe('the export of the ledger', () => {
  let engine: TestEngine;
  let dataDir: string;
  let receiver: Receiver;
  let gate: Gate;
  const logged: string[] = [];
  const say = (_facts: object, text: string): void => void logged.push(text);

  beforeAll(async () => {
    engine = await startTestEngine({
      migrate: true,
      tallies: ['tally_duration_minute', 'tally_peer_ten_minutes', 'tally_service', 'tally_volume'],
    });
  });
  afterAll(() => engine.close());

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'plumbline-exports-'));
    receiver = await startReceiver();
    logged.length = 0;
  });
  afterEach(async () => {
    await gate.close();
    receiver.server.closeAllConnections();
    receiver.server.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function open(sink: DecisionSink): Promise<void> {
    const log = { info: say, warn: say, error: say };
    gate = await createGate({
      client: engine.client,
      dataDir,
      constraintsPath: undefined,
      now: Date.now,
      log,
      sinks: [sink],
    });
  }

  const ask = () => gate.ask(askOf({ kind: 'scale.down' }));
  const opa = () => opaDecisionLog({ url: receiver.url, token: 'secret', replica: 'gate-0' });
  // biome-ignore lint/suspicious/noExplicitAny: as OPA has it
  const events = (): any[] => receiver.got.flatMap(({ body }) => JSON.parse(gunzipSync(body).toString()));

  it('is a decision log of OPA, in which gaps show', async () => {
    await open(opa());
    const asked = [await ask(), await ask(), await ask()];
    await expect.poll(() => events().length, { timeout: 10_000 }).toBe(3);
    expect(receiver.got[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      authorization: 'Bearer secret',
    });
    expect(events()[0]).toEqual({
      labels: { app: 'plumbline', id: 'gate-0', version: expect.any(String), mode: 'enforce' },
      decision_id: asked[0]?.decisionId,
      bundles: {},
      path: 'plumbline/decisions/scale/down',
      input: expect.objectContaining({ action: expect.objectContaining({ kind: 'scale.down' }) }),
      result: expect.objectContaining({ decision: asked[0]?.decision, decisionId: asked[0]?.decisionId }),
      requested_by: expect.any(String),
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      seq: 1,
      prev_hash: '0'.repeat(64),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const chain = events();
    expect(chain.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(chain.slice(1).map(({ prev_hash }) => prev_hash)).toEqual(
      chain.slice(0, -1).map(({ hash }) => hash),
    );
  });

  it('loses nothing while the receiver is away, and sends nothing twice after a restart', async () => {
    receiver.status = 503;
    await open(opa());
    await ask();
    await ask();
    await expect
      .poll(() => logged, { timeout: 10_000 })
      .toContain('Decisions cannot be exported; they wait in the ledger.');
    await gate.close();
    receiver.status = 200;
    await open(opa());
    await ask();
    await expect.poll(() => events().map(({ seq }) => seq), { timeout: 10_000 }).toEqual([1, 2, 3]);
    // It hands on at least once: what is cut off before the answer was heard and noted comes again.
    const cursor = () => readLedgerCursor(join(dataDir, 'exports', opa().name));
    await expect.poll(cursor, { timeout: 10_000 }).toBe(3);
    await gate.close();
    await open(opa());
    await ask();
    await expect.poll(() => events().map(({ seq }) => seq), { timeout: 10_000 }).toEqual([1, 2, 3, 4]);
  });

  it('has its neighbour in the notification queue: reports as events', async () => {
    await open(opa());
    const report = sampleReport({ facts: { kind: 'finding', subject: 'checkout' } });
    const cloudEvents = { url: receiver.url, token: 'secret', mode: 'binary', source: SOURCE } as const;
    const log = { info: say, warn: say, error: say };
    const notify = createNotifier({
      client: engine.client,
      webhookUrl: undefined,
      webhookSecret: undefined,
      cloudEvents,
      fetch,
      now: Date.now,
      log,
      meter: metrics.getMeter('test'),
      signal: new AbortController().signal,
    });
    const data = { deliveryId: 'r.cloudevents.1', channel: 'cloudevents', report };
    await notify({
      data,
      opts: { attempts: 1 },
      attemptsMade: 0,
      updateData: async () => undefined,
    } as never);
    expect(receiver.got[0]?.headers).toMatchObject({
      'ce-id': `${report.id}.${Date.parse(report.updatedAt)}`,
      'ce-type': expect.stringMatching(/^dev\.plumbline\.drift\./),
      'ce-subject': 'checkout',
      authorization: 'Bearer secret',
    });
    const [told] = await readNotifications(engine.client, { reportId: report.id });
    expect(told).toMatchObject({ id: 'r.cloudevents.1', channel: 'cloudevents', state: 'delivered' });
  });

  it('is CloudEvents, each with the id of its decision', async () => {
    await open(decisionEvents({ url: receiver.url, token: undefined, mode: 'structured', source: SOURCE }));
    const asked = [await ask(), await ask()];
    await expect.poll(() => receiver.got.length, { timeout: 10_000 }).toBe(2);
    const ids = receiver.got.map(({ body }) => JSON.parse(body.toString()).id);
    expect(ids.sort()).toEqual(asked.map(({ decisionId }) => decisionId).sort());
  });
});
