import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { constraintJsonSchema } from '../../gates/constraints/json-schema.ts';
import { lintConstraints } from '../../gates/constraints/lint.ts';
import { effectiveConstraints } from '../../gates/effective-constraints.ts';
import { runTests } from '../../gates/trials/run-tests.ts';
import { NOW_MS, setOf } from './judged-world.ts';

const root = join(import.meta.dirname, '..', '..');
const EXAMPLES = ['deploy/constraints/checkout.yaml', 'demo/constraints.yaml'];
const textOf = (name: string) => readFileSync(join(root, name), 'utf8');

const results = (tests: string, more = '') =>
  runTests([
    setOf(`
sources:
  - {id: traces, signal: traces, expect: {completeness: ">= 95%", lag: "p99 <= 10s", sampling: {declared: consistent}}}
  - {id: lb, signal: metrics, expect: {heartbeat: 30s}}
intent:
  - {id: ok-rate, expr: traces.ok_ratio, target: ">= 0.99"}
policies: [{id: calm, when: 'action.kind == "capacity.cut"', require: 'incident.open == false'}]
${more}
tests:
${tests}`),
  ]);

describe('the tests of a constraint file', () => {
  it('of the example all pass', () => {
    const { set } = lintConstraints(textOf('deploy/constraints/checkout.yaml'), 'checkout.yaml', NOW_MS);
    const ran = runTests(set === null ? [] : [set]);
    expect(ran.length).toBeGreaterThan(5);
    expect(ran.filter(({ isPassed }) => !isPassed)).toEqual([]);
  });

  it.each([
    ['{}', 'scale.down', 'allow', 'OK'],
    ['{traces.completeness: 0.5}', 'scale.down', 'hold', 'SRC_INCOMPLETE'],
    ['{traces.completeness: 0.96}', 'scale.down', 'allow', 'OK'],
    ['{traces.completeness: unknown}', 'scale.down', 'hold', 'DATA_UNKNOWN'],
    ['{traces.complete: false}', 'promote', 'deny', 'SRC_INCOMPLETE'],
    ['{traces.lag_p99_s: 11}', 'scale.down', 'hold', 'SRC_LATE'],
    ['{traces.fresh: unknown}', 'scale.down', 'hold', 'DATA_UNKNOWN'],
    ['{traces.sampled: false}', 'scale.down', 'hold', 'SRC_SAMPLING'],
    ['{lb.age_s: 31}', 'scale.down', 'hold', 'SRC_LATE'],
    ['{lb.fresh: false}', 'scale.down', 'hold', 'SRC_LATE'],
    ['{intent.ok-rate: broken}', 'rightsize.down', 'deny', 'INTENT_UNMET'],
    ['{intent.ok-rate: unknown}', 'rightsize.down', 'hold', 'INTENT_UNKNOWN'],
    ['{incident.open: true}', 'capacity.cut', 'deny', 'POLICY_UNMET'],
    ['{incident.open: unknown}', 'capacity.cut', 'hold', 'POLICY_UNKNOWN'],
    ['{traces.completeness: 0.5}', 'rollback', 'allow', 'FAIL_MODE'],
  ])('given %s, %s is %s: %s', (given, kind, decision, reason) => {
    const [ran] = results(
      `  - {name: t, given: ${given}, ask: {kind: ${kind}}, expect: {decision: ${decision}, reason: ${reason}}}`,
    );
    expect(ran).toMatchObject({ isPassed: true, fault: null });
    // And the same with another answer or another reason fails.
    const other = decision === 'allow' ? 'deny' : 'allow';
    const wrong = results(`
  - {name: t, given: ${given}, ask: {kind: ${kind}}, expect: {decision: ${other}}}
  - {name: t, given: ${given}, ask: {kind: ${kind}}, expect: {decision: ${decision}, reason: NOTHING}}`);
    expect(wrong.map(({ isPassed }) => isPassed)).toEqual([false, false]);
  });

  it('says why a question could not be asked', () => {
    const [ran] = results('  - {name: t, ask: {kind: Scale Down}, expect: {decision: deny}}');
    expect(ran).toMatchObject({
      isPassed: false,
      decision: null,
      fault: expect.stringContaining('action.kind'),
    });
  });
});

describe('the schema for editors', () => {
  it('is the one beside the examples', () => {
    // Not so: npx plumbline constraints schema > deploy/constraints/schema.json
    expect(JSON.parse(textOf('deploy/constraints/schema.json'))).toEqual(constraintJsonSchema);
  });

  it('accepts the examples, which name it, and refuses what is misspelt', async () => {
    // As an editor validates: nothing is coerced, dropped or filled in, and defaults are what it shows beside a key.
    const customOptions = { coerceTypes: false, removeAdditional: false, useDefaults: false } as const;
    const app = Fastify({ ajv: { customOptions } });
    const { $schema: _, ...body } = constraintJsonSchema;
    app.post('/', { schema: { body } }, async () => ({}));
    const statusOf = async (payload: object) =>
      (await app.inject({ method: 'POST', url: '/', payload })).statusCode;
    for (const name of EXAMPLES) {
      expect(textOf(name)).toMatch(/^# yaml-language-server: \$schema=\S+schema\.json\n/);
      expect(await statusOf(parse(textOf(name)) as object)).toBe(200);
    }
    const example = parse(textOf(EXAMPLES[0] as string)) as object;
    expect(await statusOf({ ...example, kind: 'Set' })).toBe(400);
    expect(await statusOf({ ...example, policies: [{ id: 'a', requires: 'true' }] })).toBe(400);
    expect(await statusOf({ ...example, boundries: {} })).toBe(400);
    expect(await statusOf({ ...example, guardrails: { flap: { opposite: ['a'], max: 1, per: '1m' } } })).toBe(
      400,
    );
    await app.close();
  });
});

describe('what is in force about a target', () => {
  const first = setOf(
    'boundaries: {replicas: {min: 2, max: 10}, regions: [a, b], inRotation: ">= 70%"}\nfailureTolerance: {scale.down: {unknown: deny}}',
  );
  const second = setOf(
    'boundaries: {replicas: {min: 3}, regions: [b, c]}\npolicies: [{id: p, require: "action.reversible"}]',
    { name: 'other' },
  );
  const all = [first, { ...second, metadata: { ...second.metadata, reviewBy: NOW_MS - 1 } }];

  it('is merged over the sets that speak, with what each rule says', () => {
    const effective = effectiveConstraints(all, { service: 'checkout', kind: 'scale.down', nowMs: NOW_MS });
    expect(effective.limits).toMatchObject({
      replicas: { min: 3, max: 10 },
      regions: ['b'],
      inRotationMin: 0.7,
    });
    expect(effective.kinds).toMatchObject([
      { unknown: 'deny', constraint: 'checkout/failureTolerance.scale.down' },
    ]);
    expect(effective.policies).toMatchObject([
      { constraint: 'other/p', require: 'action.reversible', when: 'true' },
    ]);
    expect(effective.reviewOverdue).toMatchObject([{ set: 'other' }]);
  });

  it('says what guardrails and stages ask, also the budgets that another file shares', () => {
    const written = setOf(`guardrails:
  changeBudget: {per: 10m, maxActions: 3, maxTargetsPct: 25}
  cooldown: {after: deployment.*, for: 5m, blocks: [scale.down]}
  flap: {opposite: [scale.up, scale.down], max: 2, per: 30m, then: deny}
  massEvent: {ifUnhealthyPct: "> 30"}
  repairEffect: {watch: ok, within: 5m, ifNotBetter: stop}
intent: [{id: ok, expr: traces.ok_ratio, target: ">= 99%"}]
stages:
  provisioning: {ceiling: {costPerDay: 100}}
  deployment: {bake: 10m, effectLag: 90s}
  routing: {floor: 70%}
  recovery: {budget: 1 per 10m, failover: {minOutage: 2m, maxReplicaLag: 5s}}
  optimisation: {gate: [rightsize.*], window: "Mon-Thu 09:00-16:00 Europe/Berlin"}
  decommissioning: {proveUnused: {for: 336h}, humanKey: required}
keys: [{id: alice, publicKey: MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=}]`);
    const fleet = setOf(
      'guardrails: {changeBudget: [{per: 1h, maxActions: 5, over: [checkout]}, {per: 1h, maxActions: 1}]}',
      { name: 'fleet', service: 'cart' },
    );
    const effective = effectiveConstraints([written, fleet], { service: 'checkout', nowMs: NOW_MS });
    const lines = (rows: readonly { constraint: string; says: string }[]) =>
      rows.map(({ constraint, says }) => `${constraint}: ${says}`);
    expect(lines(effective.guardrails)).toEqual([
      'checkout/guardrails.changeBudget: at most 3 actions and 25 % of the targets within 10 min; not counted: rollback, rollback.*, restore, shift.restore, weight.restore, fail_open',
      'checkout/guardrails.cooldown: for 5 min after deployment.* no scale.down',
      'checkout/guardrails.flap: deny when it turns between scale.up and scale.down more than 2 times within 30 min',
      'checkout/guardrails.massEvent: hold while more than 30 % look unhealthy: suspect the observer',
      'checkout/guardrails.repairEffect: no recovery.* for 50 min when ok is not better 5 min after one',
      'fleet/guardrails.changeBudget: at most 5 actions within 1 h, of cart, checkout together; not counted: rollback, rollback.*, restore, shift.restore, weight.restore, fail_open',
    ]);
    expect(lines(effective.stages)).toEqual([
      'checkout/stages.provisioning.ceiling: costs at most 100 a day',
      'checkout/stages.deployment.bake: a step bakes for 10 min before the next',
      'checkout/stages.deployment.effectLag: the effect of a step shows after 90 s; the next one waits',
      'checkout/stages.routing.floor: at least 70 % stay in rotation',
      'checkout/stages.recovery.budget: at most 1 within 10 min',
      'checkout/stages.recovery.failover.minOutage: a failover waits until the outage lasts 2 min',
      'checkout/stages.recovery.failover.maxReplicaLag: a failover loses at most 5 s',
      'checkout/stages.optimisation.window: rightsize.*: within Mon-Thu 09:00-16:00 Europe/Berlin only',
      'checkout/stages.decommissioning.proveUnused: shown to be unused for 336 h, of which at most 0.5 % of the telemetry may be missing',
      'checkout/stages.decommissioning.humanKey: a second person approves with a key of the file',
    ]);
  });

  it('is what is built in for a target that nobody wrote about', () => {
    const effective = effectiveConstraints(all, { service: 'ledger', nowMs: NOW_MS });
    expect(effective.sets).toEqual([]);
    expect(effective.kinds.find(({ kind }) => kind === 'scale.up')).toMatchObject({
      unknown: 'allow-capped',
      constraint: 'built-in',
    });
  });
});
