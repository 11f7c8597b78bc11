import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { evaluate } from '@marcbachmann/cel-js';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseConfig } from '../../main/config.ts';
import { recorded } from './recorded.ts';

const run = promisify(execFile);
const FOLDER = resolve(import.meta.dirname, '../../deploy/adapters/kubernetes');

// biome-ignore lint/suspicious/noExplicitAny: objects of Kubernetes
type Manifest = any;

const objects: Manifest[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml')
  .flatMap((name) => parseAllDocuments(readFileSync(join(FOLDER, name), 'utf8')))
  .map((document) => document.toJS());
const hasKubectl = await run('kubectl', ['version', '--client']).then(
  () => true,
  () => false,
);

function named(kind: string, name?: string): Manifest {
  const found = objects.filter(
    (one) => one.kind === kind && (name ?? one.metadata.name) === one.metadata.name,
  );
  expect(found).toHaveLength(1);
  return found[0];
}

/** What kubectl asks an API server before it looks at a file: which kinds there are. */
const DISCOVERY: Readonly<
  Record<string, readonly (readonly [kind: string, resource: string, namespaced: boolean])[]>
> = {
  '/api/v1': [
    ['Namespace', 'namespaces', false],
    ['ConfigMap', 'configmaps', true],
    ['Service', 'services', true],
  ],
  '/apis/apps/v1': [['StatefulSet', 'statefulsets', true]],
  '/apis/policy/v1': [['PodDisruptionBudget', 'poddisruptionbudgets', true]],
  '/apis/cert-manager.io/v1': [
    ['Issuer', 'issuers', true],
    ['Certificate', 'certificates', true],
  ],
  '/apis/admissionregistration.k8s.io/v1': [
    ['ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', false],
  ],
};

function discoveryOf(path: string): object | null {
  const groups = Object.keys(DISCOVERY).filter((one) => one.startsWith('/apis/'));
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] };
  if (path === '/apis') {
    const list = groups.map((one) => {
      const [, , name, version] = one.split('/');
      const preferredVersion = { groupVersion: `${name}/${version}`, version };
      return { name, versions: [preferredVersion], preferredVersion };
    });
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: list };
  }
  const resources = DISCOVERY[path]?.map(([kind, name, namespaced]) => ({
    kind,
    name,
    singularName: '',
    namespaced,
    verbs: ['create', 'get', 'patch'],
  }));
  const groupVersion = path.replace(/^\/apis?\//, '');
  return resources === undefined
    ? null
    : { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

describe('the manifests', () => {
  it.runIf(hasKubectl)('are taken by kubectl, each of a kind and version that there is', async () => {
    const server = createServer((request, response) => {
      const found = discoveryOf((request.url ?? '').split('?')[0] as string);
      response.writeHead(found === null ? 404 : 200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(
          found ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 },
        ),
      );
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const cache = await mkdtemp(join(tmpdir(), 'plumbline-kubectl-'));
    try {
      const { stdout } = await run('kubectl', [
        `--server=http://127.0.0.1:${port}`,
        `--cache-dir=${cache}`,
        'apply',
        '--dry-run=client',
        '--validate=false',
        '-k',
        FOLDER,
      ]);
      expect(stdout.trim().split('\n').sort()).toEqual([
        'certificate.cert-manager.io/plumbline-gate created (dry run)',
        expect.stringMatching(/^configmap\/plumbline-proxy-\w+ created \(dry run\)$/),
        'issuer.cert-manager.io/plumbline-gate created (dry run)',
        'namespace/plumbline created (dry run)',
        'poddisruptionbudget.policy/plumbline-gate created (dry run)',
        'service/plumbline-gate created (dry run)',
        'statefulset.apps/plumbline-gate created (dry run)',
        'validatingwebhookconfiguration.admissionregistration.k8s.io/plumbline-changes created (dry run)',
        'validatingwebhookconfiguration.admissionregistration.k8s.io/plumbline-deletions created (dry run)',
      ]);
    } finally {
      server.closeAllConnections();
      server.close();
      await rm(cache, { recursive: true, force: true });
    }
  });

  it('keep the shipping rules', () => {
    const changes = named('ValidatingWebhookConfiguration', 'plumbline-changes');
    const deletions = named('ValidatingWebhookConfiguration', 'plumbline-deletions');
    const rulesOf = (webhook: Manifest): string[] =>
      webhook.rules.flatMap((rule: Manifest) => rule.operations);
    expect(changes.webhooks.length).toBeGreaterThan(5);
    for (const webhook of [...changes.webhooks, ...deletions.webhooks]) {
      expect(webhook).toMatchObject({
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        timeoutSeconds: 2,
        clientConfig: {
          service: { namespace: 'plumbline', name: 'plumbline-gate', path: '/adapters/kubernetes/admission' },
        },
      });
      expect(JSON.stringify(webhook.objectSelector)).toContain('plumbline.dev/exempt');
      const isNamespaced = webhook.rules.every((rule: Manifest) => rule.scope === 'Namespaced');
      const excluded = isNamespaced ? ['kube-system', 'kube-node-lease', 'plumbline'] : [];
      for (const namespace of excluded)
        expect(JSON.stringify(webhook.namespaceSelector)).toContain(`"${namespace}"`);
      // An expensive rule on everything is how webhooks have stopped clusters.
      expect(JSON.stringify(webhook.rules)).not.toMatch(/"(resources|apiGroups|operations)":\["\*"\]/);
    }
    for (const webhook of changes.webhooks) expect(webhook.failurePolicy).toBe('Ignore');
    for (const webhook of deletions.webhooks) {
      expect([webhook.failurePolicy, rulesOf(webhook)]).toEqual([
        'Fail',
        rulesOf(webhook).map(() => 'DELETE'),
      ]);
    }
    const gate = named('StatefulSet');
    const budget = named('PodDisruptionBudget');
    expect(gate.spec.replicas).toBeGreaterThanOrEqual(2);
    expect(budget.spec).toMatchObject({ minAvailable: 1, selector: gate.spec.selector });
    const service = named('Service');
    expect(gate.spec.template.metadata.labels).toMatchObject(service.spec.selector);
    const { metadata, spec: certificate } = named('Certificate');
    for (const { metadata: own } of [changes, deletions]) {
      expect(own.annotations['cert-manager.io/inject-ca-from']).toBe(
        `${metadata.namespace}/${metadata.name}`,
      );
    }
    expect(certificate.dnsNames).toContain('plumbline-gate.plumbline.svc');
    const secrets = gate.spec.template.spec.volumes.map((volume: Manifest) => volume.secret?.secretName);
    expect(secrets).toContain(certificate.secretName);
  });
});

describe('the gate', () => {
  it('starts with these settings in the image of deploy/Dockerfile: reachable by its proxy only', () => {
    const dockerfile = readFileSync(resolve(FOLDER, '../../Dockerfile'), 'utf8');
    const [, settings = ''] = /^ENV (.+)$/m.exec(dockerfile) ?? [];
    const ofImage = Object.fromEntries(settings.split(' ').map((pair) => pair.split('=')));
    const { containers, securityContext } = named('StatefulSet').spec.template.spec;
    const [gate, proxy] = containers;
    const own = gate.env.map(({ name, value = 'http://clickhouse:8123' }: Manifest) => [name, value]);
    const env = { ...ofImage, ...Object.fromEntries(own) };
    const config = parseConfig({ env, fileText: null, folder: '/plumbline' });
    expect(config).toMatchObject({
      roles: ['api'],
      host: '127.0.0.1',
      apiPort: 4319,
      keys: [],
      dataDir: '/data',
    });
    expect(gate.volumeMounts.map(({ mountPath }: Manifest) => mountPath)).toEqual([
      config.dataDir,
      config.constraints,
    ]);
    expect(dockerfile).toContain(`--uid ${securityContext.runAsUser} `);
    const conf = readFileSync(join(FOLDER, 'default.conf'), 'utf8');
    const { path } = named('ValidatingWebhookConfiguration', 'plumbline-changes').webhooks[0].clientConfig
      .service;
    for (const open of [path, proxy.readinessProbe.httpGet.path]) {
      expect(conf).toContain(`location = ${open} { proxy_pass http://127.0.0.1:${config.apiPort}; }`);
    }
  });
});

describe('matchConditions', () => {
  const HPA = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';

  /** Whether the API server would call this webhook; CEL's whole numbers are 64 bits wide. */
  function isCalled(
    webhook: string,
    request: { object?: object; oldObject?: object; username?: string },
  ): boolean {
    const configurations = objects.filter(({ kind }) => kind === 'ValidatingWebhookConfiguration');
    const found = configurations
      .flatMap(({ webhooks }) => webhooks)
      .find(({ name }: Manifest) => name.startsWith(webhook));
    const { object, oldObject, username = HPA } = request;
    const context = wholeNumbers({ object, oldObject, request: { userInfo: { username } } });
    return found.matchConditions.every(({ expression }: Manifest) => evaluate(expression, context) === true);
  }

  const scale = (from: object, to: object) => {
    const { object, oldObject } = recorded('admission-hpa-scale').request;
    return { object: { ...object, spec: to }, oldObject: { ...oldObject, spec: from } };
  };
  const specs = (from: object, to: object) => ({ oldObject: { spec: from }, object: { spec: to } });

  it.each([
    ['scale.', 'less', scale({ replicas: 6 }, { replicas: 4 }), true],
    ['scale.', 'to zero, which is left out', scale({ replicas: 6 }, {}), true],
    ['scale.', 'more', scale({ replicas: 4 }, { replicas: 6 }), false],
    ['scale.', 'from zero', scale({}, { replicas: 1 }), false],
    ['scale.', 'the same', scale({ replicas: 4 }, { replicas: 4 }), false],
    ['workloads.', 'less', specs({ replicas: 3 }, { replicas: 2 }), true],
    ['workloads.', 'to the default of one', specs({ replicas: 3 }, {}), true],
    ['workloads.', 'another image only', specs({ replicas: 3 }, { replicas: 3, template: {} }), false],
    ['autoscalers.', 'a lower least', specs({ minReplicas: 3, maxReplicas: 9 }, { maxReplicas: 9 }), true],
    ['autoscalers.', 'a lower most', specs({ maxReplicas: 9 }, { maxReplicas: 8 }), true],
    ['autoscalers.', 'more room', specs({ maxReplicas: 9 }, { minReplicas: 2, maxReplicas: 12 }), false],
    ['keda.', 'a lower least', specs({ minReplicaCount: 2 }, {}), true],
    ['keda.', 'a first most', specs({}, { maxReplicaCount: 10 }), true],
    ['keda.', 'more room', specs({ maxReplicaCount: 5 }, { maxReplicaCount: 10 }), false],
    ['cordons.', 'a cordon by a person', { ...specs({}, { unschedulable: true }), username: 'alice' }, true],
    [
      'cordons.',
      'one that was there',
      { ...specs({ unschedulable: true }, { unschedulable: true }), username: 'alice' },
      false,
    ],
    [
      'cordons.',
      'a node about itself',
      { ...specs({}, { unschedulable: true }), username: 'system:node:ip-10' },
      false,
    ],
    ['nodes.', 'a person', { username: 'alice' }, true],
    ['nodes.', 'karpenter', { username: 'system:serviceaccount:karpenter:karpenter' }, true],
    [
      'nodes.',
      'the cloud took it',
      { username: 'system:serviceaccount:kube-system:cloud-node-lifecycle-controller' },
      false,
    ],
    ['disruption-budgets.', 'a person', { username: 'alice' }, true],
    [
      'disruption-budgets.',
      'the garbage collector',
      { username: 'system:serviceaccount:kube-system:generic-garbage-collector' },
      false,
    ],
    ['namespaced.', 'a person', { username: 'alice' }, true],
    [
      'namespaced.',
      'the end of a namespace',
      { username: 'system:serviceaccount:kube-system:namespace-controller' },
      false,
    ],
    ['cluster.', 'an agent', { username: 'system:serviceaccount:ops:agent' }, true],
  ])('%s calls for %s', (webhook, _, request, called) => {
    expect(isCalled(webhook, request)).toBe(called);
  });
});

function wholeNumbers(value: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value), (_, inner) => (Number.isInteger(inner) ? BigInt(inner) : inner));
}
