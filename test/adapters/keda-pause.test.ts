import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { nextPause, PAUSED, takeOff } from '../../main/adapters/keda/next-pause.ts';
import { runPlumbline } from '../main/run-plumbline.ts';
import { recorded } from './recorded.ts';
import { type Answer, startTestWorld, type TestWorld } from './start-adapters.ts';

const NOW_MS = Date.parse('2026-11-27T12:00:00.000Z');
const RULE = { owner: 'us', ttlMs: 600_000 };
const ours = (untilMs: number, value: string | null = 'true') => ({
  ...(value === null ? {} : { [PAUSED]: value }),
  'plumbline.dev/paused-by': 'us',
  'plumbline.dev/paused-until': new Date(untilMs).toISOString(),
  'plumbline.dev/paused-why': 'hold',
});
const PAUSE = {
  [PAUSED]: 'true',
  'plumbline.dev/paused-by': 'us',
  'plumbline.dev/paused-until': '2026-11-27T12:10:00.000Z',
  'plumbline.dev/paused-why': 'hold: why',
};
const FORGET = {
  'plumbline.dev/paused-by': null,
  'plumbline.dev/paused-until': null,
  'plumbline.dev/paused-why': null,
};
const OFF = { [PAUSED]: null, ...FORGET };
const FRESH = ours(NOW_MS + 500_000);

describe('a pause', () => {
  it.each([
    ['is set when it is not allowed', {}, 'hold: why', PAUSE],
    ['is not set when it is allowed', {}, null, null],
    ['is left while it is fresh', FRESH, 'hold: why', null],
    ['is renewed before it ends', ours(NOW_MS + 200_000), 'hold: why', PAUSE],
    ['is renewed after it ended', ours(NOW_MS - 1), 'hold: why', PAUSE],
    ['is renewed when its end cannot be read', ours(0, 'true'), 'hold: why', PAUSE],
    ['is taken off when it is allowed', FRESH, null, OFF],
    ['of a person is left', { [PAUSED]: 'true' }, 'hold: why', null],
    ['of a person is not taken off', { [PAUSED]: 'true' }, null, null],
    ['that a person forbade is not set', { [PAUSED]: 'false' }, 'hold: why', null],
    ['of another owner is left', { ...FRESH, 'plumbline.dev/paused-by': 'them' }, null, null],
    ['of another owner is not renewed', { ...FRESH, 'plumbline.dev/paused-by': 'them' }, 'hold: why', null],
    ['that a person took off stays off', ours(NOW_MS + 100_000, null), 'hold: why', null],
    ['that a person took off comes back after its end', ours(NOW_MS - 1, null), 'hold: why', PAUSE],
    ['that a person turned around is his', ours(NOW_MS - 1, 'false'), 'hold: why', FORGET],
    ['that a person turned around is his also when it is allowed', ours(NOW_MS + 1, 'false'), null, FORGET],
  ])('%s', (_, annotations, why, change) => {
    expect(nextPause(annotations, { why, nowMs: NOW_MS }, RULE)).toEqual(change);
  });

  it('of a release is taken off, but for what we did not write', () => {
    expect(takeOff(FRESH)).toEqual(OFF);
    expect(takeOff(ours(NOW_MS, 'false'))).toEqual(FORGET);
  });
});

/** Answers as kube-apiserver did, and applies merge patches; refuses an old resourceVersion with 409. */
class FakeApiServer {
  readonly asked: { method: string; url: string; type: string; authorization: string }[] = [];
  objects: Answer['body'][] = [];
  /** The next patch finds that somebody wrote before. */
  isOvertaken = false;
  readonly #server: Server;

  constructor(options: { key: Buffer; cert: Buffer }) {
    this.#server = createServer(options, (request, response) => {
      const { method = '', url = '', headers } = request;
      const { 'content-type': type = '', authorization = '' } = headers;
      this.asked.push({ method, url, type, authorization });
      let text = '';
      request.on('data', (chunk) => {
        text += chunk;
      });
      request.on('end', () => {
        const [status, body] = this.#answer(method, url, text);
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      });
    });
  }

  #answer(method: string, url: string, text: string): [number, unknown] {
    if (method === 'GET') return [200, { ...recorded('keda-scaled-objects'), items: this.objects }];
    const object = this.objects.find(({ metadata }) => url.endsWith(`/${metadata.name}`));
    const { resourceVersion, annotations } = JSON.parse(text).metadata;
    if (this.isOvertaken || object.metadata.resourceVersion !== resourceVersion)
      return [409, { kind: 'Status', reason: 'Conflict', code: 409 }];
    const merged = { ...object.metadata.annotations, ...annotations };
    object.metadata.annotations = Object.fromEntries(
      Object.entries(merged).filter(([, value]) => value !== null),
    );
    object.metadata.resourceVersion = `${Number(resourceVersion) + 100}`;
    return [200, object];
  }

  async listen(): Promise<string> {
    await new Promise<void>((listening) => this.#server.listen(0, '127.0.0.1', listening));
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  annotationsOf(name: string): Record<string, string> {
    return this.objects.find(({ metadata }) => metadata.name === name).metadata.annotations ?? {};
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

describe('plumbline keda-pause', () => {
  let world: TestWorld;
  let cluster: FakeApiServer;
  let clusterUrl: string;
  let gateUrl: string;

  beforeAll(async () => {
    world = await startTestWorld();
    gateUrl = `http://127.0.0.1:${(await world.start('gate')).port}`;
    const file = (name: string) => join(world.dataDir, name);
    const subject = ['-subj', '/CN=kubernetes', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const out = ['-keyout', file('key.pem'), '-out', file('ca.crt'), '-days', '1'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...out, ...subject], {
      stdio: 'ignore',
    });
    await writeFile(file('token'), 'token-of-a-service-account\n');
    cluster = new FakeApiServer({ key: readFileSync(file('key.pem')), cert: readFileSync(file('ca.crt')) });
    clusterUrl = await cluster.listen();
  });
  afterAll(async () => {
    cluster.close();
    await world.close();
  });
  beforeEach(() => {
    cluster.objects = recorded('keda-scaled-objects').items;
    cluster.asked.length = 0;
    cluster.isOvertaken = false;
  });

  const pause = (flags: string[] = [], api = gateUrl) => {
    const access = ['--cluster', clusterUrl, '--credentials', world.dataDir, '--api', api];
    return runPlumbline(['keda-pause', '--once', ...access, ...flags], { dataDir: world.dataDir });
  };

  it('pauses what may not shrink, by name and with an end, and takes only its own off', async () => {
    const { code, stdout } = await pause();
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^shop\/cart paused \(hold: .*\)\n$/)]);
    expect(cluster.annotationsOf('cart')).toMatchObject({
      [PAUSED]: 'true',
      'plumbline.dev/paused-by': 'plumbline',
      'plumbline.dev/paused-until': expect.stringMatching(/^20/),
      'plumbline.dev/paused-why': expect.stringMatching(/^hold: /),
      'plumbline.dev/service': 'cart',
    });
    expect(cluster.annotationsOf('checkout')).toEqual({});
    expect(cluster.annotationsOf('ads-web')).toEqual({ [PAUSED]: 'true' });
    expect(cluster.asked.map(({ method, url, type }) => [method, url, type])).toEqual([
      [
        'GET',
        '/apis/keda.sh/v1alpha1/scaledobjects?labelSelector=plumbline.dev%2Fkeda-pause%3Dtrue&limit=500',
        '',
      ],
      ['PATCH', '/apis/keda.sh/v1alpha1/namespaces/shop/scaledobjects/cart', 'application/merge-patch+json'],
    ]);
    expect(new Set(cluster.asked.map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer token-of-a-service-account']),
    );

    expect((await pause()).stdout).toBe(''); // fresh
    const released = await pause(['--release']);
    expect(released.stdout).toBe('shop/cart resumed\n');
    expect(cluster.annotationsOf('cart')).toEqual({ 'plumbline.dev/service': 'cart' });
    expect(cluster.annotationsOf('ads-web')).toEqual({ [PAUSED]: 'true' });
  });

  it('takes its pause off when the gate allows again', async () => {
    const [, checkout] = cluster.objects;
    checkout.metadata.annotations = { ...ours(Date.now() + 500_000), 'plumbline.dev/paused-by': 'plumbline' };
    const { stdout } = await pause();
    expect(stdout).toContain('shop/checkout resumed\n');
    expect(cluster.annotationsOf('checkout')).toEqual({});
  });

  it('pauses all it may when the gate does not answer', async () => {
    const { stdout } = await pause([], 'http://127.0.0.1:1');
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^shop\/cart paused \(no answer from the gate: /),
      expect.stringMatching(/^shop\/checkout paused \(no answer from the gate: /),
      '',
    ]);
  });

  it('writes over nobody', async () => {
    cluster.isOvertaken = true;
    expect((await pause()).stdout).toContain('shop/cart left: it was changed meanwhile');
    expect(cluster.annotationsOf('cart')).toEqual({ 'plumbline.dev/service': 'cart' });
  });

  it('trusts no other certificate, and says so', async () => {
    const stranger = ['keda-pause', '--once', '--cluster', clusterUrl, '--api', gateUrl];
    const { code, stderr } = await runPlumbline(stranger, { dataDir: world.dataDir });
    expect([code, stderr]).toEqual([1, expect.stringContaining('self-signed certificate')]);
    const none = await runPlumbline(['keda-pause', '--once'], { dataDir: world.dataDir });
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('pass --cluster')]);
  });
});

it('the manifest gives no more than it takes', () => {
  const path = resolve(import.meta.dirname, '../../deploy/adapters/keda/pause-writer.yaml');
  const objects = parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS());
  const role = objects.find(({ kind }) => kind === 'ClusterRole');
  expect(role.rules).toEqual([
    { apiGroups: ['keda.sh'], resources: ['scaledobjects'], verbs: ['list', 'patch'] },
  ]);
  const { spec } = objects.find(({ kind }) => kind === 'Deployment').spec.template;
  const account = objects.find(({ kind }) => kind === 'ServiceAccount').metadata.name;
  expect([spec.serviceAccountName, spec.containers[0].args[0]]).toEqual([account, 'keda-pause']);
});
