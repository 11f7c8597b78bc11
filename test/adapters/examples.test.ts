import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { evaluate } from '@marcbachmann/cel-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type Answer, send, startTestWorld, type TestWorld } from './start-adapters.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SECRET = 'shared-with-github';

let world: TestWorld;
let url: string;

beforeAll(async () => {
  world = await startTestWorld();
  const keyPath = join(world.dataDir, 'app.pem');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  await writeFile(keyPath, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const github = { webhookSecret: SECRET, appId: '1', keyPath, apiUrl: 'https://api.github.com' };
  url = `http://127.0.0.1:${(await world.start('examples', { github })).port}`;
});
afterAll(() => world.close());

// biome-ignore lint/suspicious/noExplicitAny: files of other tools
function yamlOf(path: string): any[] {
  return parseAllDocuments(readFileSync(join(ROOT, 'deploy/adapters', path), 'utf8')).map((document) =>
    document.toJS(),
  );
}

function shell(
  script: string,
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const options = {
    cwd: ROOT,
    env: { ...process.env, PLUMBLINE: `${process.execPath} main/plumbline.mjs`, ...env },
  };
  return new Promise((done) => {
    execFile('sh', ['-c', script], options, (error, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

const here = (address: string): string => address.replace(/^https?:\/\/[^/]+/, url);

describe('docs/adapters.md', () => {
  const text = readFileSync(join(ROOT, 'docs/adapters.md'), 'utf8');
  const blocks = [...text.matchAll(/^## (.+?)$|^```sh\n(.*?)^```$/gms)];
  const examples = blocks.flatMap(([, , script], index) => {
    if (script === undefined) return [];
    const heading = blocks.slice(0, index).findLast(([, title]) => title !== undefined)?.[1] as string;
    return [
      {
        heading,
        script,
        prints: [...script.matchAll(/^# prints (.+)$/gm)].map(([, said]) => said as string),
      },
    ];
  });

  it('has an example for every door', () => {
    const doors = [
      '/kubernetes/admission',
      '/argo-rollouts',
      '/flagger/',
      '/access/v1/',
      '/keda/metrics',
      '/adapters/github',
    ];
    for (const door of doors) expect(examples.filter(({ script }) => script.includes(door))).toHaveLength(1);
  });

  it.each(examples)('$heading does what it says', async ({ script, prints }) => {
    const { stdout, code } = await shell(script.replaceAll('http://127.0.0.1:4319', url), {
      PLUMBLINE_GITHUB_WEBHOOK_SECRET: SECRET,
    });
    expect(code).toBe(0);
    expect(prints.length).toBeGreaterThan(0);
    for (const said of prints) expect(stdout).toContain(said);
  });
});

describe('the ClusterAnalysisTemplate', () => {
  const [{ spec }] = yamlOf('argo-rollouts/cluster-analysis-template.yaml');
  const [metric] = spec.metrics;
  type Phase = 'Successful' | 'Failed' | 'Inconclusive' | 'Error';

  /** Argo puts arguments in by text, sends, cuts out by jsonPath, and compares: `webmetric.go` and `evaluate.go`. */
  async function measure(given: Record<string, string>): Promise<Phase> {
    const defaults = Object.fromEntries(
      spec.args.map(({ name, value }: Record<string, string>) => [name, value]),
    );
    const args: Record<string, string> = { ...defaults, url, key: 'none', ...given };
    const filled = JSON.stringify(metric.provider.web).replaceAll(
      /\{\{args\.([\w-]+)\}\}/g,
      (_, name: string) => args[name] as string,
    );
    const web = JSON.parse(filled);
    expect(filled).not.toContain('{{');
    const headers = Object.fromEntries(
      web.headers.map(({ key, value }: Record<string, string>) => [key, value]),
    );
    const answer = await send(web.url, web.jsonBody, headers);
    if (answer.status < 200 || answer.status >= 300) return 'Error';
    const [, path] = /^\{\$\.(\w+)\}$/.exec(web.jsonPath) as unknown as [string, string];
    const result = answer.body[path];
    if (result === undefined) return 'Error';
    if (evaluate(metric.failureCondition, { result })) return 'Failed';
    return evaluate(metric.successCondition, { result }) ? 'Successful' : 'Inconclusive';
  }

  it.each([
    [{ service: 'checkout' }, 'Successful'],
    [{ service: 'cart' }, 'Inconclusive'],
    [{ service: 'ads' }, 'Inconclusive'],
    [{ service: 'cart', kind: 'promote' }, 'Failed'],
    [{ service: 'checkout', kind: 'not a kind' }, 'Error'],
    [{ service: 'checkout', url: 'http://127.0.0.1:1' }, 'Error'],
  ] as const)('measures %o as %s', async (args, phase) => {
    expect(await measure(args).catch(() => 'Error')).toBe(phase);
  });

  it('ends well only on an allow', () => {
    // With `count`, a run of holds within inconclusiveLimit would end as Successful.
    expect(metric).not.toHaveProperty('count');
    expect(metric).toMatchObject({ consecutiveSuccessLimit: 1, failureLimit: 0, consecutiveErrorLimit: 4 });
  });

  it('is called by the Rollout beside it with arguments that it has', () => {
    const [{ spec: rollout }] = yamlOf('argo-rollouts/rollout.yaml');
    const analyses = rollout.strategy.canary.steps.flatMap((step: Answer['body']) => step.analysis ?? []);
    expect(analyses).toHaveLength(3);
    const known = spec.args.map(({ name }: { name: string }) => name);
    for (const { templates, args } of analyses) {
      expect(templates).toEqual([{ templateName: 'plumbline-gate', clusterScope: true }]);
      for (const { name } of args) expect(known).toContain(name);
    }
  });
});

describe('the Canary', () => {
  const [{ metadata, spec }] = yamlOf('flagger/canary.yaml');

  /** As `CallWebhook` does: anything above 202 is a failure, and its body the text of an event. */
  async function call(hook: Answer['body'], change: Record<string, string> = {}): Promise<boolean> {
    const body = {
      name: metadata.name,
      namespace: metadata.namespace,
      phase: 'Progressing',
      checksum: '85d557f47b',
      metadata: { ...hook.metadata, ...change },
    };
    return (await send(here(hook.url), body)).status <= 202;
  }

  it('asks before it starts, goes on and is promoted, and does not roll back by itself', async () => {
    const passed = await Promise.all(
      spec.analysis.webhooks.map(async (hook: Answer['body']) => [hook.type, await call(hook)]),
    );
    expect(passed).toEqual([
      ['confirm-rollout', true],
      ['confirm-traffic-increase', true],
      ['confirm-promotion', true],
      ['rollback', false],
    ]);
    const unsure = await Promise.all(
      spec.analysis.webhooks.map((hook: Answer['body']) => call(hook, { service: 'cart' })),
    );
    expect(unsure).toEqual([false, false, false, false]);
  });

  it('rolls back what it is told to', async () => {
    const hook = spec.analysis.webhooks.find(({ type }: Answer['body']) => type === 'rollback');
    expect(await call(hook, { rollback: '85d557f47b' })).toBe(true);
    expect(await call(hook, { rollback: 'the one before' })).toBe(false);
  });
});

describe('the ScaledObject', () => {
  const [{ spec }] = yamlOf('keda/scaled-object.yaml');
  const brake = spec.triggers.find(({ type }: Answer['body']) => type === 'metrics-api').metadata;

  /** As `metrics_api_scaler.go` does: 200, and a number at valueLocation; else an error. */
  async function wanted(service: string, address: string = brake.url): Promise<number | 'error'> {
    const answer = await send(here(address).replace('service=checkout', `service=${service}`));
    const value = answer.status === 200 ? answer.body[brake.valueLocation] : undefined;
    return typeof value === 'number' ? Math.ceil(value / Number(brake.targetValue)) : 'error';
  }

  it('wants little while scaling down is allowed, and much while it is not', async () => {
    expect(await wanted('checkout')).toBe(2);
    expect(await wanted('cart')).toBe(12);
    expect(await wanted('cart', brake.url.replace('&keep=12', ''))).toBe('error');
    expect(spec.triggers[0].metadata.ignoreNullValues).toBe('false');
  });
});

describe('the pipelines', () => {
  const env = (service: string) => ({
    PLUMBLINE_API_URL: url,
    HOLD_TRIES: '2',
    HOLD_S: '0',
    GITHUB_REPOSITORY: 'octo-org/checkout',
    CI_PROJECT_PATH: 'shop/checkout',
    GITHUB_SHA: '0d1a26e6',
    CI_COMMIT_SHA: '0d1a26e6',
    SERVICE: service,
  });
  const [actions] = yamlOf('ci/github-actions.yaml');
  const [gitlab] = yamlOf('ci/gitlab-ci.yaml');
  const asks: readonly (readonly [string, string])[] = [
    ['GitHub Actions', actions.jobs.deploy.steps.find(({ name }: Answer['body']) => name === 'May we?').run],
    ['GitLab CI', gitlab.deploy.script[0]],
  ];

  it.each(asks)('%s goes on after an allow', async (_, script) => {
    const { code, stdout } = await shell(script, env('checkout'));
    expect([code, stdout.slice(0, 6)]).toEqual([0, 'ALLOW ']);
  });

  it.each([
    ['--service cart --kind rollout.start', 20, 2],
    ['--service cart --kind promote', 10, 1],
    ['--service cart --kind Promote', 1, 0],
  ])('ask.sh %s ends with %d', async (flags, code, answers) => {
    const result = await shell(`deploy/adapters/ci/ask.sh ${flags}`, env('cart'));
    expect([result.code, result.stdout.match(/^(HOLD|DENY|ALLOW) /gm)?.length ?? 0]).toEqual([code, answers]);
  });

  it('ask.sh never says yes for a gate that does not answer', async () => {
    const result = await shell('deploy/adapters/ci/ask.sh --service checkout --kind rollout.start', {
      ...env('checkout'),
      PLUMBLINE_API_URL: 'http://127.0.0.1:1',
    });
    expect(result.code).toBe(1);
  });
});
