import { CelScalar, celFunc, isCelError, run } from '@bufbuild/cel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ternary } from '../../../core/ternary.ts';
import { compileExpression } from '../../../gates/policies/compile-expression.ts';
import { type Fact, type Facts, intervalFact, known, valueFact } from '../../../gates/policies/fact.ts';
import { agree } from '../../../gates/policies/interval-logic.ts';
import { policyLanguage } from '../../../gates/policies/policy-language.ts';

const language = policyLanguage({ sources: ['a', 'b'], intents: ['ok-rate'] });

/** By path: what is known; whatever is left out is not. */
type World = Readonly<Record<string, Fact>>;

function factsOf(world: World, allMet: Ternary = 'unknown'): Facts {
  return { allMetFor: () => allMet, read: (path) => world[path.join('.')] ?? { unknown: 'not said' } };
}

function ask(text: string, world: World, allMet?: Ternary) {
  const doubt = { unknown: new Map<string, string>(), errors: [] as string[] };
  return { answer: compileExpression(text, language)(factsOf(world, allMet), doubt), doubt };
}

const NUMBERS = ['data.a.rate', 'data.b.rate', 'data.a.completeness'];
const BOOLS = ['data.a.complete', 'data.b.fresh', 'incident.open'];

const number = fc.constantFrom(0, 0.5, 1, 2, 3.5, 10);
const literal = number.map((value) => (Number.isInteger(value) ? `${value}.0` : `${value}`));
const { term } = fc.letrec<{ term: string }>((tie) => ({
  term: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    fc.constantFrom(...NUMBERS),
    literal,
    fc
      .tuple(tie('term'), fc.constantFrom('+', '-', '*', '/'), tie('term'))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    tie('term').map((a) => `-(${a})`),
  ),
}));
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom(...BOOLS),
    fc.constantFrom(
      'action.kind == "scale.down"',
      'action.kind in ["delete", "wipe"]',
      'action.kind.startsWith("scale.")',
    ),
    fc.constantFrom(
      '["a", "b"].exists(x, x == actor.id)',
      'actor.id != "a"',
      'size(actor.id) > 1',
      'true',
      'false',
    ),
    fc
      .tuple(term, fc.constantFrom('<', '<=', '>', '>=', '==', '!='), term)
      .map(([a, op, b]) => `${a} ${op} ${b}`),
    fc.tuple(term, term).map(([a, b]) => `agree(${a}, ${b}, 0.1)`),
    fc
      .tuple(tie('expression'), fc.constantFrom('&&', '||', '=='), tie('expression'))
      .map(([a, op, b]) => `(${a}) ${op} (${b})`),
    tie('expression').map((a) => `!(${a})`),
    fc
      .tuple(tie('expression'), tie('expression'), tie('expression'))
      .map(([c, a, b]) => `(${c}) ? (${a}) : (${b})`),
  ),
}));

const values = fc.record({
  numbers: fc.tuple(...NUMBERS.map(() => number)),
  bools: fc.tuple(...BOOLS.map(() => fc.boolean())),
  kind: fc.constantFrom('scale.down', 'delete', 'promote'),
  actor: fc.constantFrom('a', 'hpa'),
});
type Values = Parameters<Parameters<typeof values.map>[0]>[0];

function worldOf({ numbers, bools, kind, actor }: Values): Record<string, Fact> {
  return Object.fromEntries<Fact>([
    ...NUMBERS.map((name, index): [string, Fact] => [name, known(numbers[index])]),
    ...BOOLS.map((name, index): [string, Fact] => [name, known(bools[index])]),
    ['action.kind', known(kind)],
    ['actor.id', known(actor)],
  ]);
}

/** The same question, by another implementation of the language; an error where ours may not say true or false. */
function byReference(text: string, { numbers, bools, kind, actor }: Values): Ternary {
  const [rateA, rateB, completeness] = numbers as [number, number, number];
  const [complete, fresh, open] = bools as [boolean, boolean, boolean];
  const numbersAgree = celFunc(
    'agree',
    [CelScalar.DOUBLE, CelScalar.DOUBLE, CelScalar.DOUBLE],
    CelScalar.BOOL,
    agree,
  );
  const map = (entries: object) => new Map(Object.entries(entries));
  const result = run(
    text,
    {
      action: map({ kind }),
      actor: map({ id: actor }),
      incident: map({ open }),
      data: map({ a: map({ rate: rateA, completeness, complete }), b: map({ rate: rateB, fresh }) }),
    },
    { funcs: [numbersAgree] },
  );
  return isCelError(result) ? 'unknown' : result === true ? 'true' : 'false';
}

describe('an expression whose facts are all known', () => {
  it('has the answer that another implementation of the language gives', () => {
    const seen: Record<Ternary, number> = { true: 0, false: 0, unknown: 0 };
    const property = fc.property(expression, values, (text, given) => {
      const { answer } = ask(text, worldOf(given));
      seen[answer]++;
      const reference = byReference(text, given);
      // Division by zero is Infinity or NaN there, and here no number.
      const isDivided = text.includes('/');
      expect(isDivided && answer === 'unknown' ? answer : reference).toBe(answer);
    });
    fc.assert(property, { numRuns: 500 });
    expect(seen.true).toBeGreaterThan(70);
    expect(seen.false).toBeGreaterThan(70);
  });
});

describe('an expression of which something is not known', () => {
  it('is true or false only when it is so whatever the unknown turns out to be', () => {
    let sure = 0;
    const hidden = fc.array(fc.constantFrom(...NUMBERS, ...BOOLS, 'action.kind', 'actor.id'), {
      minLength: 1,
      maxLength: 4,
    });
    const property = fc.property(
      expression,
      values,
      fc.array(values, { minLength: 5, maxLength: 5 }),
      hidden,
      (text, given, others, names) => {
        const world = worldOf(given);
        for (const name of names) delete world[name];
        const { answer } = ask(text, world);
        if (answer === 'unknown') return;
        sure++;
        for (const other of others) {
          const all = worldOf(other);
          const filled = {
            ...worldOf(given),
            ...Object.fromEntries(names.map((name) => [name, all[name] as Fact])),
          };
          // What a substitution cannot evaluate (division by zero) contradicts nothing.
          expect([answer, 'unknown']).toContain(ask(text, filled).answer);
        }
      },
    );
    fc.assert(property, { numRuns: 500 });
    expect(sure).toBeGreaterThan(50);
  });

  it('is true or false of an interval only when it is so for every number within', () => {
    let sure = 0;
    const range = fc.tuple(number, number).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    const property = fc.property(
      expression,
      values,
      fc.tuple(range, range, range),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }),
      (text, given, ranges, shares) => {
        const intervals = NUMBERS.map((name, index): [string, Fact] => {
          const [lower, upper] = ranges[index] as readonly [number, number];
          return [name, intervalFact(lower, upper, true)];
        });
        const { answer } = ask(text, { ...worldOf(given), ...Object.fromEntries(intervals) });
        if (answer === 'unknown') return;
        sure++;
        const points = NUMBERS.map((name, index): [string, Fact] => {
          const [lower, upper] = ranges[index] as readonly [number, number];
          return [name, known(lower + (shares[index] as number) * (upper - lower))];
        });
        expect([answer, 'unknown']).toContain(
          ask(text, { ...worldOf(given), ...Object.fromEntries(points) }).answer,
        );
      },
    );
    fc.assert(property, { numRuns: 500 });
    expect(sure).toBeGreaterThan(50);
  });

  it.each<[string, World, Ternary]>([
    ['data.a.complete && data.b.fresh', { 'data.a.complete': known(false) }, 'false'],
    ['data.b.fresh && data.a.complete', { 'data.a.complete': known(false) }, 'false'],
    ['data.a.complete && data.b.fresh', { 'data.a.complete': known(true) }, 'unknown'],
    ['data.a.complete || data.b.fresh', { 'data.a.complete': known(true) }, 'true'],
    ['!data.a.complete', {}, 'unknown'],
    ['data.a.complete == data.a.complete', {}, 'unknown'],
    ['data.a.rate >= 0.9', { 'data.a.rate': valueFact(Number.NaN, true) }, 'unknown'],
    ['data.a.rate < 0.9', { 'data.a.rate': valueFact(Number.NaN, true) }, 'unknown'],
    ['data.a.rate < 0.9', { 'data.a.rate': valueFact(Number.POSITIVE_INFINITY, true) }, 'unknown'],
    ['data.a.completeness >= 0.98', { 'data.a.completeness': intervalFact(0.97, 1, true) }, 'unknown'],
    ['data.a.completeness >= 0.98', { 'data.a.completeness': intervalFact(0.98, 1, true) }, 'true'],
    ['data.a.completeness >= 0.98', { 'data.a.completeness': intervalFact(0.5, 0.9, true) }, 'false'],
    ['agree(data.a.rate, data.b.rate, 0.1)', { 'data.a.rate': known(100), 'data.b.rate': known(90) }, 'true'],
    [
      'agree(data.a.rate, data.b.rate, 0.1)',
      { 'data.a.rate': known(100), 'data.b.rate': known(80) },
      'false',
    ],
    [
      'agree(data.a.rate, data.b.rate, 0.1)',
      { 'data.a.rate': known(100), 'data.b.rate': intervalFact(80, 95, true) },
      'unknown',
    ],
    ['agree(data.a.rate, data.b.rate, 0.1)', { 'data.a.rate': known(0), 'data.b.rate': known(0) }, 'true'],
    ['data.a.rate / data.b.rate > 1.0', { 'data.a.rate': known(1), 'data.b.rate': known(0) }, 'unknown'],
    ['action.to.replicas > 3', { 'action.to.replicas': known(4) }, 'true'],
    ['action.to.replicas > 3', {}, 'unknown'],
    [
      'data.a.complete == (actor.id != "a")',
      { 'data.a.complete': known(true), 'actor.id': known('b') },
      'true',
    ],
    ['has(action.to.replicas)', { 'action.to': known({}) }, 'false'],
    ['now.getHours("Europe/Berlin") == 13', { now: known(new Date('2026-11-24T12:00:00Z')) }, 'true'],
  ])('%s', (text, world, answer) => {
    const asked = ask(text, world);
    expect(asked.answer).toBe(answer);
    // What is not known is not handed to CEL, which would say only that a key is missing.
    expect(asked.doubt.errors).toEqual([]);
    expect(asked.doubt.unknown.size > 0 || asked.answer !== 'unknown' || text.includes('/')).toBe(true);
  });

  it('asks for the intents of before by the words of the file', () => {
    expect(ask('intent.all_met_for("30m")', {}, 'true').answer).toBe('true');
    expect(ask('intent.all_met_for("30m") && data.a.complete', {}, 'false').answer).toBe('false');
    expect(ask('intent.all_met_for("30m")', {}).doubt.unknown.size).toBe(1);
  });

  it('says what it could not evaluate', () => {
    const { answer, doubt } = ask('action.to.zones[7] == "a"', { 'action.to.zones': known(['b']) });
    expect(answer).toBe('unknown');
    expect(doubt.errors[0]).toContain('cannot be evaluated');
    expect(ask('action.to.zones[7] == "a" || true', { 'action.to.zones': known(['b']) }).answer).toBe('true');
  });
});
