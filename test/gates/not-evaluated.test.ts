import { describe, expect, it } from 'vitest';
import { lintConstraints } from '../../gates/constraints/lint.ts';
import { NOT_EVALUATED } from '../../gates/constraints/not-evaluated.ts';

const NOW_MS = Date.parse('2026-11-24T00:00:00Z');
const HEAD =
  'apiVersion: constraints/v1alpha1\nkind: ConstraintSet\nmetadata: {name: checkout, owner: team}\nscope: {service: checkout}\n';

const source = (expected: string) => `sources: [{id: traces, signal: traces, expect: {${expected}}}]`;
const sampling = (more: string) => source(`sampling: {declared: consistent, ${more}}`);
const intent = (expr: string, more = '') => `intent: [{id: i, expr: "${expr}", target: "<= 1"${more}}]`;

/** One line that people may well write for each row, and what its hint leads to. */
const WRITTEN = [
  [source('completeness: ">= 98% over 5m"'), 'failureTolerance.tolerate'],
  [source('sampling: {declared: tail}'), 'for: existence'],
  [sampling('keepErrors: 100%'), 'for: existence'],
  [sampling('headRatio: 10%'), 'maxRelError'],
  [source('instancesFrom: k8s:deploy/checkout'), 'write completeness'],
  [intent('distinct(traces.zone)'), 'design.topology.zones'],
  [intent('cost_per_1k_orders'), 'objectives.global'],
  [intent('rpc.retries / rpc.calls'), 'design.retries'],
  [intent('1 - lb.errors / lb.requests'), 'metrics.ok_ratio'],
  [intent('metrics.p95_ms'), 'traces.p95_ms'],
  [intent('traces.p95_ms', ', tolerance: 10%'), 'move the target'],
  ['drift: {localVsGlobal: [{actor: a}]}', 'objectives.local'],
  ['drift: {stabilisedBad: {noOpenIncident: true}}', 'drop it'],
  ['drift: {frozen: {after: 10m}}', 'expect.heartbeat'],
  ['guardrails: {fleet: {}}', 'over: [cart, db]'],
] as const;

describe('what cannot be evaluated', () => {
  it.each(WRITTEN)('is refused with a reason and the nearest there is: %s', (line, hint) => {
    const { set, problems } = lintConstraints(HEAD + line, 'a.yaml', NOW_MS);
    expect(set).toBeNull();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ line: 5, severity: 'error', hint: expect.stringContaining(hint) });
    expect(NOT_EVALUATED.map(({ message }) => message)).toContain(problems[0]?.message);
  });

  it('has a case for each row', () => {
    const told = WRITTEN.map(([line]) => lintConstraints(HEAD + line, 'a.yaml', NOW_MS).problems[0]?.message);
    expect(new Set(told)).toEqual(new Set(NOT_EVALUATED.map(({ message }) => message)));
  });

  it('leaves other slips to the words of the schema', () => {
    const { problems } = lintConstraints(`${HEAD}${intent('traces.p96_ms')}`, 'a.yaml', NOW_MS);
    expect(problems[0]?.hint).toContain('did you mean "traces.p95_ms"');
  });
});
