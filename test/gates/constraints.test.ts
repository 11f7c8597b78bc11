import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hasCode } from '../../core/errors.ts';
import { type ConstraintSet, constraintFile } from '../../gates/constraints/constraint-set.ts';
import {
  expectations,
  intents,
  loadConstraints,
  stabilisedBadRule,
  unsampledServices,
  watchConstraints,
} from '../../gates/constraints/constraints.ts';
import { lintConstraints } from '../../gates/constraints/lint.ts';
import { type Problem, problemText } from '../../gates/constraints/problem.ts';
import { expectationFor } from '../../jobs/expectation-for.ts';

const NOW_MS = Date.parse('2026-11-24T00:00:00Z');
const EXAMPLE = join(import.meta.dirname, '..', '..', 'deploy', 'constraints', 'checkout.yaml');

function constraintText(name: string, replicasMax: number): string {
  return [
    'apiVersion: constraints/v1alpha1',
    'kind: ConstraintSet',
    `metadata: { name: ${name}, owner: team }`,
    `scope: { service: ${name} }`,
    `boundaries: { replicas: { max: ${replicasMax} } }`,
  ].join('\n');
}

/** Generous: a busy machine is no fault of ours. */
const soon = (check: () => unknown) => vi.waitFor(check, 15_000);

describe('the example as typed values', () => {
  const sets = loadConstraints(EXAMPLE, NOW_MS);

  it('gives validators their limits', () => {
    expect(expectations(sets)[0]).toEqual({
      constraint: 'checkout/traces',
      serviceName: 'checkout',
      signal: 'traces',
      limits: { completeness: { warn: 0.05, fail: 0.05 }, timeliness: { warn: 10, fail: 10 } },
      latenessQuantile: 0.99,
      counter: null,
    });
  });

  it('gives validators how near adjusted counts must be, of several the nearest', () => {
    const [set] = sets;
    const within = (maxRelError?: string) => {
      const { problems, set: linted } = lintConstraints(
        `apiVersion: constraints/v1alpha1\nkind: ConstraintSet\nmetadata: { name: checkout, owner: team }\nscope: { service: checkout }
sources: [{ id: traces, signal: traces, expect: { sampling: { declared: consistent${maxRelError === undefined ? '' : `, maxRelError: ${maxRelError}`} } } }]`,
        'a.yaml',
        NOW_MS,
      );
      expect(problems).toEqual([]);
      return expectations([{ ...(linted as ConstraintSet), origin: (set as ConstraintSet).origin }]);
    };
    const source = {
      tenant: '',
      serviceNamespace: '',
      serviceName: 'checkout',
      serviceInstanceId: '',
    } as const;
    const of = (all: ReturnType<typeof within>) =>
      expectationFor(all, { ...source, signal: 'traces' })?.countsWithin;
    expect(of(within())).toBeUndefined();
    expect(of(within('25%'))).toBe(0.25);
    expect(of([...within('25%'), ...within(), ...within('5%')])).toBe(0.05);
  });

  it('gives validators the counter that people named, of the service itself unless they say whose', () => {
    const [set] = sets;
    const named = (counter: object) =>
      constraintFile.parse({
        apiVersion: 'constraints/v1alpha1',
        kind: 'ConstraintSet',
        metadata: { name: 'checkout', owner: 'team' },
        scope: { service: 'checkout' },
        sources: [
          { id: 'traces', signal: 'traces', expect: { sampling: { declared: 'consistent', counter } } },
        ],
      });
    const counterOf = (counter: object) =>
      expectations([{ ...named(counter), origin: (set as ConstraintSet).origin }])[0]?.counter;
    expect(counterOf({ metric: 'requests' })).toEqual({
      serviceName: 'checkout',
      metric: 'requests',
      where: {},
      counts: 'requests',
    });
    expect(
      counterOf({ metric: 'requests', service: 'lb', where: { backend: 'a' }, counts: 'roots' }),
    ).toEqual({ serviceName: 'lb', metric: 'requests', where: { backend: 'a' }, counts: 'roots' });
  });

  it('gives detectors their targets', () => {
    expect(intents(sets)).toMatchObject([
      { constraint: 'checkout/ok-rate', metric: 'ok_ratio', comparator: '>=', target: 0.99 },
      { constraint: 'checkout/p95', metric: 'p95_ms', comparator: '<=', target: 250 },
    ]);
  });

  it('names the services that nothing samples, unless another set says otherwise', () => {
    const declaring = (service: string, declared: string, signal = 'traces'): ConstraintSet => {
      const expect = signal === 'traces' ? { sampling: { declared } } : {};
      const parsed = constraintFile.parse({
        apiVersion: 'constraints/v1alpha1',
        kind: 'ConstraintSet',
        metadata: { name: service, owner: 'team' },
        scope: { service },
        sources: [{ id: 'one', signal, expect }],
      });
      return { ...parsed, origin: (sets[0] as ConstraintSet).origin };
    };
    expect(unsampledServices(sets)).toEqual(new Set());
    expect(
      unsampledServices([
        declaring('cart', 'none'),
        declaring('catalog', 'consistent'),
        declaring('payment', 'none'),
        declaring('payment', 'consistent'),
        declaring('gateway', '', 'logs'),
      ]),
    ).toEqual(new Set(['cart']));
  });

  it('gives the rule of a settled bad state, and a default to services without one', () => {
    const rule = { outsideIntentForMs: 7_200_000, changeRatioPerHour: 0.02 };
    expect(stabilisedBadRule(sets, 'checkout')).toEqual(rule);
    expect(stabilisedBadRule(sets, 'cart')).toEqual(rule);
  });
});

describe('constraints on disk', () => {
  let folder: string;
  let stop: AbortController;
  let changes: (readonly ConstraintSet[])[];
  let problems: Problem[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plumbline-constraints-'));
    stop = new AbortController();
    changes = [];
    problems = [];
  });
  afterEach(() => {
    stop.abort();
    rmSync(folder, { recursive: true });
  });

  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const maxima = () => changes.at(-1)?.map(({ boundaries }) => boundaries.replicas?.max);
  const watchFolder = (pollMs: number, path = folder) =>
    watchConstraints({
      path,
      onChange: (sets) => changes.push(sets),
      onProblem: (problem) => problems.push(problem),
      signal: stop.signal,
      now: () => NOW_MS,
      pollMs,
    });

  it('are refused at start when any file is bad, naming file and line', () => {
    write('a.yaml', constraintText('a', 1));
    write('b.yaml', `${constraintText('b', 1)}\nbondaries: {}\n`);
    let refusal: unknown;
    try {
      loadConstraints(folder, NOW_MS);
    } catch (error) {
      refusal = error;
    }
    expect(hasCode(refusal, 'constraints_invalid')).toBe(true);
    expect(String(refusal)).toContain(`${join(folder, 'b.yaml')}:6:1: unknown key "bondaries"`);
  });

  it('are refused at start when the path does not exist; without a path there are none', () => {
    expect(() => loadConstraints(join(folder, 'missing'), NOW_MS)).toThrow(/missing/);
    expect(loadConstraints(undefined, NOW_MS)).toEqual([]);
  });

  it('are refused when two files take one name', () => {
    write('a.yaml', constraintText('same', 1));
    write('b.yaml', constraintText('same', 2));
    expect(() => loadConstraints(folder, NOW_MS)).toThrow(/b\.yaml:3:1: the name "same" is taken by a\.yaml/);
  });

  it('reload on change, keep the last good set of a bad file, and recover', async () => {
    write('a.yaml', constraintText('a', 10));
    write('b.yaml', constraintText('b', 20));
    watchFolder(60_000); // file events alone
    expect(maxima()).toEqual([10, 20]);

    write('a.yaml', constraintText('a', 11));
    await soon(() => expect(maxima()).toEqual([11, 20]));

    write('a.yaml', constraintText('a', 12).replace('boundaries', 'bounds'));
    write('b.yaml', constraintText('b', 21));
    await soon(() => expect(maxima()).toEqual([11, 21]));
    expect(problems.map(problemText)[0]).toContain(`${join(folder, 'a.yaml')}:5:1: unknown key "bounds"`);

    write('a.yaml', constraintText('a', 13));
    await soon(() => expect(maxima()).toEqual([13, 21]));
    expect(problems).toHaveLength(1);

    rmSync(join(folder, 'b.yaml'));
    await soon(() => expect(maxima()).toEqual([13]));
  });

  it('stay in force when the whole path goes away, which is said once', async () => {
    const path = join(folder, 'sets');
    write('sets', constraintText('a', 10));
    watchFolder(20, path);
    renameSync(path, `${path}.away`);
    await soon(() => expect(problems).toHaveLength(1));
    expect(problems[0]?.hint).toContain('stay in force');
    writeFileSync(path, constraintText('a', 14));
    await soon(() => expect(maxima()).toEqual([14]));
    expect(problems).toHaveLength(1);
  });

  it('of a single file are reloaded when an editor replaces it', async () => {
    write('a.yaml', constraintText('a', 10));
    watchFolder(60_000, join(folder, 'a.yaml'));
    write('a.yaml.new', constraintText('a', 15));
    renameSync(join(folder, 'a.yaml.new'), join(folder, 'a.yaml'));
    await soon(() => expect(maxima()).toEqual([15]));
  });

  it('a file refused for its name comes into force when the name becomes free', async () => {
    write('a.yaml', constraintText('same', 1));
    write('b.yaml', constraintText('same', 2));
    watchFolder(60_000);
    expect(maxima()).toEqual([1]);
    write('a.yaml', constraintText('other', 1));
    await soon(() => expect(maxima()).toEqual([1, 2]));
  });
});
