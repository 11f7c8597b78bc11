import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConstraintSet } from '../../gates/constraints/constraint-set.ts';
import { designIntentOf } from '../../gates/constraints/design-intent-of.ts';
import { lintConstraints } from '../../gates/constraints/lint.ts';
import { problemText } from '../../gates/constraints/problem.ts';
import { readConstraintFiles } from '../../gates/constraints/read-constraint-files.ts';

const NOW_MS = Date.parse('2026-11-24T00:00:00Z');
const DOCS = join(import.meta.dirname, '..', '..', 'docs', 'constraints.md');
const SLO = `apiVersion: openslo/v1
kind: SLO
metadata: { name: success }
spec:
  service: web
  indicator:
    metadata: { name: success }
    spec:
      ratioMetric:
        counter: true
        bad:
          metricSource:
            type: Prometheus
            spec: { query: 'sum(rate(http_server_request_duration_seconds_count{job="shop/web", http_response_status_code=~"5.."}[5m]))' }
        total:
          metricSource:
            type: Prometheus
            spec: { query: 'sum(rate(http_server_request_duration_seconds_count{job="shop/web"}[5m]))' }
  timeWindow: [{ duration: 4w, isRolling: true }]
  budgetingMethod: Occurrences
  objectives: [{ displayName: success, targetPercent: 99.9 }]
`;
const HEAD = 'apiVersion: constraints/v1alpha1\nkind: ConstraintSet\n';

let folder: string;
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const read = () => readConstraintFiles(folder, NOW_MS);
const setsOf = () => read().flatMap(({ set }) => set ?? []);
const problems = () => read().flatMap((file) => file.problems.map(problemText));

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-design-'));
  mkdirSync(join(folder, 'slo'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the example of the documentation', () => {
  let sets: readonly ConstraintSet[];
  beforeAll(() => {
    const example = /```yaml\n([\s\S]*?)```/.exec(readFileSync(DOCS, 'utf8'))?.[1] as string;
    write('a-shop.yaml', example);
    write('slo/success.yaml', SLO);
    expect(problems()).toEqual([]);
    sets = setsOf();
  });

  it('is a design', () => {
    const intent = designIntentOf(sets);
    expect(intent.edges).toContainEqual({ from: 'catalog', to: 'store' });
    expect(intent.edges).toHaveLength(5);
    expect(intent.forbiddenEdges).toEqual([{ from: '*', to: 'db', except: ['cart'] }]);
    expect(intent.services.get('catalog')).toEqual({
      replicasMin: 3,
      replicasMax: 18,
      cpuTarget: 0.6,
      cpuLimitCores: 0.5,
      isAutoscaled: true,
      toleranceRatio: 0.1,
    });
    expect(intent.services.get('db')).toMatchObject({ isAutoscaled: false, cpuTarget: null });
    expect(intent.retryBudgetRatio).toBe(0.2);
    expect(intent.caches).toEqual([{ service: 'catalog', ttlSMax: 180, staleRatioMax: 0.03 }]);
    expect(intent.poolShares).toEqual([{ service: 'catalog', min: 0.2, max: 0.5 }]);
    expect(intent.fallbacks).toEqual([{ edge: 'web->recs', ratioMax: 0.02, continuousMinutesMax: 60 }]);
  });

  it('has objectives by set and id, those of an SLO among them', () => {
    const { global, local, ofRequests } = designIntentOf(sets).objectives;
    const none = { min: null, max: null, ratioToReferenceMax: null };
    expect(global).toEqual([
      { ...none, constraint: 'shop/p99', metric: 'p99_ms', ratioToReferenceMax: 1.05 },
      { ...none, constraint: 'shop/cost', metric: 'cost_per_1k', ratioToReferenceMax: 1.04 },
      { ...none, constraint: 'shop/success', metric: 'success', min: 0.995 },
      { ...none, constraint: 'shop/slo', metric: 'success', min: 0.999 },
    ]);
    expect(local).toEqual([
      { constraint: 'shop/thrift', actor: 'rightsizer', subject: 'catalog', metric: 'cost', wants: 'less' },
      {
        constraint: 'shop/hits',
        actor: 'cache-tuner',
        subject: 'catalog',
        metric: 'cache_hit_ratio',
        wants: 'more',
      },
    ]);
    expect(ofRequests).toEqual([]);
  });

  it('says who has to ask', () => {
    const { gatedActors, automation } = designIntentOf(sets);
    expect(gatedActors).toEqual(['rightsizer', 'cache-tuner']);
    expect(automation).toContainEqual({
      constraint: 'shop/hpa',
      actor: 'hpa',
      identity: null,
      gate: 'standing',
      standingKinds: [],
      bounds: [{ setting: 'replicasDesired', min: 3, max: 18 }],
    });
  });

  it('adds up with other files, and the first that describes a service is heard', () => {
    const other = `${HEAD}metadata: { name: zzz, owner: team }\nscope: { service: mail }
design:
  topology: { edges: [web -> mail, web -> catalog] }
  services: { db: { cpuLimit: 99, utilisationTarget: 0.5 } }
objectives: { global: [{ id: fast, sli: { service: mail, good: "duration < 2s" }, target: ">= 90%" }] }
automation: [{ actor: hpa, gate: required }]
`;
    write('zzz.yaml', other);
    const intent = designIntentOf(setsOf());
    expect(intent.edges).toHaveLength(6);
    expect(intent.services.get('db')).toMatchObject({ cpuLimitCores: 4, cpuTarget: 0.5 });
    expect(intent.gatedActors).not.toContain('hpa');
    expect(intent.objectives.ofRequests).toEqual([
      {
        constraint: 'zzz/fast',
        metric: 'success',
        min: 0.9,
        max: null,
        ratioToReferenceMax: null,
        service: 'mail',
        route: null,
        statusBelow: null,
        durationMsBelow: 2_000,
      },
    ]);
    rmSync(join(folder, 'zzz.yaml'));
  });

  it('refuses a document at its place in the file that holds it, and changes its revision with it', () => {
    const before = sets[0]?.origin.revision;
    write('slo/success.yaml', SLO.replace('Occurrences', 'Timeslices'));
    expect(problems()).toEqual([
      `${join(folder, 'slo/success.yaml')}:20:20: budgetingMethod Timeslices: requests are counted, not slices of time (write budgetingMethod: Occurrences)`,
    ]);
    expect(setsOf()).toEqual([]);
    write('slo/success.yaml', SLO.replace('99.9', '99.8'));
    expect(setsOf()[0]?.origin.revision).not.toBe(before);
    rmSync(join(folder, 'slo/success.yaml'));
    expect(problems()[0]).toMatch(/a-shop\.yaml:\d+:\d+: slo\/success\.yaml cannot be read: .*ENOENT/);
  });
});

it('a text that lies nowhere has nothing beside it: what it refers to is not read, and said so', () => {
  const text = `${HEAD}metadata: { name: a, owner: team }\nscope: { service: a }
objectives: { global: [{ id: slo, sli: { file: slo/success.yaml } }] }\n`;
  const { set, problems } = lintConstraints(text, 'a.yaml', NOW_MS);
  expect(problems).toMatchObject([
    { line: 5, severity: 'warning', message: 'slo/success.yaml is not looked at here' },
  ]);
  expect(designIntentOf(set === null ? [] : [set]).objectives.global).toEqual([]);
});

it.each(['/etc/passwd', '../slo.yaml', 'slo/../../x'])(
  '%s is not read: it is not below the folder',
  (file) => {
    const text = `${HEAD}metadata: { name: a, owner: team }\nscope: { service: a }
objectives: { global: [{ id: slo, sli: { file: ${file} } }] }\n`;
    const refuse = () => expect.fail('was read');
    const { problems } = lintConstraints(text, 'a.yaml', NOW_MS, refuse);
    expect(problems.map(({ message }) => message)).toEqual([`${file} is not below the folder of this file`]);
  },
);

it('nothing written is nothing intended', () => {
  expect(designIntentOf([])).toEqual({
    edges: null,
    forbiddenEdges: [],
    services: new Map(),
    retryBudgetRatio: null,
    caches: [],
    poolShares: [],
    fallbacks: [],
    objectives: { global: [], local: [], ofRequests: [] },
    gatedActors: [],
    automation: [],
  });
});
