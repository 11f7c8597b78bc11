import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasCode } from '../../core/errors.ts';
import { canonicalJson } from '../../gates/canonical-json.ts';
import { parseDecisionRequest } from '../../gates/decision-request.ts';

const MINIMAL = { actor: { id: 'hpa/a' }, action: { kind: 'scale.down' }, target: { service: 'checkout' } };
const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

function refusal(body: unknown): { isInvalid: boolean; message: string } {
  try {
    parseDecisionRequest(body);
  } catch (error) {
    return { isInvalid: hasCode(error, 'request_invalid'), message: (error as Error).message };
  }
  return { isInvalid: false, message: 'was accepted' };
}

describe('parseDecisionRequest', () => {
  it('needs an actor, a kind and a target, and no more', () => {
    expect(parseDecisionRequest(MINIMAL)).toEqual(MINIMAL);
  });

  it('takes everything the API promises', () => {
    const full = {
      requestId: 'r1',
      mode: 'shadow',
      actor: { id: 'hpa/a', type: 'autoscaler' },
      action: {
        kind: 'scale.down',
        stage: 'scaling',
        from: { replicas: 8 },
        to: { replicas: 6 },
        blastRadius: { unit: 'replicas', count: 2, of: 8 },
        planGeneration: 'deploy/checkout@rv1',
        objective: 'cost',
      },
      target: { service: 'checkout', env: 'prod', region: 'eu' },
      inputs: [{ signal: 'rate', value: 41.2 }],
      needs: { maxWaitMs: 50 },
    };
    expect(parseDecisionRequest(full)).toEqual(full);
  });

  it.each([
    ['nothing', undefined, 'the body'],
    ['no actor', { ...MINIMAL, actor: undefined }, 'actor is missing'],
    ['an empty actor', { ...MINIMAL, actor: { id: '' } }, 'actor.id'],
    ['no kind', { ...MINIMAL, action: {} }, 'action.kind is missing'],
    [
      'a kind in capitals',
      { ...MINIMAL, action: { kind: 'Delete' } },
      'lower-case dotted words, like scale.down',
    ],
    ['an empty target', { ...MINIMAL, target: {} }, 'an empty target never means all'],
    ['a target that is no text', { ...MINIMAL, target: { service: 7 } }, 'target.service'],
    ['a target that is a list', { ...MINIMAL, target: ['checkout'] }, 'target: Invalid input'],
    ['an empty name', { ...MINIMAL, target: { service: 'checkout', '': 'x' } }, 'target: has an empty name'],
    ['a name without end', { ...MINIMAL, target: { ['k'.repeat(513)]: 'x' } }, 'target: has a name of more'],
    ['a value without end', { ...MINIMAL, target: { service: 'k'.repeat(513) } }, 'target.service: Too big'],
    ['facts that are a list', { ...MINIMAL, needs: [1] }, 'needs: Invalid input'],
    [
      'a fact without an end to its name',
      { ...MINIMAL, action: { kind: 'x', to: { ['k'.repeat(513)]: 1 } } },
      'action.to: has a name of more than 512 characters',
    ],
    ['an unknown stage', { ...MINIMAL, action: { kind: 'x', stage: 'scalling' } }, 'action.stage'],
    [
      'snake case',
      { ...MINIMAL, action: { kind: 'x', blast_radius: {} } },
      '"blast_radius" (did you mean "blastRadius"?)',
    ],
    ['an unknown field', { ...MINIMAL, targets: {} }, '"targets" (did you mean "target"?) in the request'],
    [
      'a number beyond all, which JSON reads as Infinity',
      { ...MINIMAL, needs: JSON.parse('{"a":[1e999]}') },
      'holds a number that is too large',
    ],
    ['abysmal nesting', { ...MINIMAL, needs: { a: nested(2_000) } }, 'nested deeper than 40 levels'],
  ])('refuses %s', (_name, body, message) => {
    const { isInvalid, message: told } = refusal(body);
    expect(isInvalid).toBe(true);
    expect(told).toContain(message);
  });
});

describe('canonicalJson', () => {
  it.each([
    [
      'sorts keys by code units',
      { b: 1, a: { d: 4, c: 3 }, B: 2, é: 5 },
      '{"B":2,"a":{"c":3,"d":4},"b":1,"é":5}',
    ],
    ['leaves undefined members out', { a: undefined, b: null }, '{"b":null}'],
    ['prints numbers as ECMAScript does', [1e21, 1e-7, -0, 100, 0.1], '[1e+21,1e-7,0,100,0.1]'],
    ['escapes as JSON does', 'a"\n\u0007€', '"a\\"\\n\\u0007€"'],
  ])('%s', (_name, value, expected) => {
    expect(canonicalJson(value)).toBe(expected);
  });

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], [[undefined]], [() => 1]])(
    'has no word for %s',
    (value) => {
      expect(() => canonicalJson(value)).toThrow(RangeError);
    },
  );

  it('keeps the value, and does not depend on the order of keys', () => {
    const property = fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
