import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecisionRequest } from '../../core/decision.ts';
import { canonicalJson } from '../../gates/canonical-json.ts';
import type { DecisionBody } from '../../gates/decide.ts';
import {
  answerText,
  decisionEntry,
  decisionOf,
  entryContent,
  outcomeEntry,
} from '../../gates/ledger-entry.ts';
import { askOf, NOW_MS } from './judged-world.ts';
import { bodyOf } from './ledger-writer.ts';

const text = fc.string({ unit: 'binary', maxLength: 20 });
const number = fc.double({ noNaN: true, noDefaultInfinity: true });
const facts = fc.dictionary(text, fc.jsonValue({ stringUnit: 'binary' }), { maxKeys: 4 });
const state = fc.constantFrom('pass' as const, 'fail' as const, 'unknown' as const);
const component = fc.record({
  source: text,
  dimension: text,
  state,
  estimate: fc.option(number),
  lower: fc.option(number),
  upper: fc.option(number),
  required: text,
  validUntil: fc.option(text),
});
const reason = fc.record({
  text,
  code: text,
  constraint: text,
  severity: fc.constantFrom('blocking' as const, 'info' as const),
  since: fc.option(text),
  evidence: fc.option(text),
});
const body: fc.Arbitrary<DecisionBody> = fc.record({
  decision: fc.constantFrom('allow' as const, 'deny' as const, 'hold' as const),
  validUntil: text,
  retryAfterS: fc.option(number),
  data: fc.record({
    state,
    confidence: fc.option(number),
    components: fc.array(component, { maxLength: 3 }),
  }),
  reasons: fc.array(reason, { maxLength: 3 }),
  limits: facts,
  wouldAllowIf: fc.array(text, { maxLength: 3 }),
  failMode: fc.option(text),
  constraintSet: text,
});
const undated = fc.record({
  decidedAtMs: fc.nat(),
  decisionId: text,
  request: fc.record(
    {
      actor: fc.record({ id: text }),
      action: fc.record({ kind: text, to: facts }),
      target: fc.dictionary(text, text, { maxKeys: 4 }),
      mode: fc.constantFrom('enforce' as const, 'shadow' as const),
    },
    { requiredKeys: ['actor', 'action', 'target'] },
  ) as fc.Arbitrary<DecisionRequest>,
  body,
});
const recorded = fc.record({
  seq: fc.nat(),
  prevHash: fc.constant('a'.repeat(64)),
  hash: fc.constant('b'.repeat(64)),
  receipt: fc.option(fc.constant('a.b.c')),
});
const torn = fc.option(fc.constant('c'.repeat(64)), { nil: undefined });

describe('a line to be', () => {
  it('is, at its place, canonical JSON of what was asked and answered', () => {
    fc.assert(
      fc.property(undated, recorded, torn, (made, place, tornHash) => {
        const { decidedAtMs, request } = made;
        const { seq, prevHash } = place;
        const response = decisionOf(made, { ...place, receipt: null });
        const mode = request.mode ?? 'enforce';
        const line = { seq, prevHash, torn: tornHash, decidedAtMs, mode, request, response };
        const content = entryContent(decisionEntry(made), { seq, prevHash, torn: tornHash });
        expect(content).toBe(canonicalJson(line));
      }),
    );
  });

  it('is answered as it stands there, with its receipt', () => {
    fc.assert(
      fc.property(undated, recorded, (made, place) => {
        expect(answerText(decisionEntry(made), place)).toBe(canonicalJson(decisionOf(made, place)));
      }),
    );
  });

  it('is, of an outcome, canonical JSON too', () => {
    const outcome = {
      decisionId: 'd_1',
      acted: true,
      result: 'bad',
      note: 'as "feared"',
      by: 'ada',
    } as const;
    const place = { seq: 9, prevHash: 'a'.repeat(64) };
    const content = entryContent(outcomeEntry({ recordedAtMs: NOW_MS, outcome }), place);
    expect(content).toBe(canonicalJson({ ...place, recordedAtMs: NOW_MS, outcome }));
  });

  it.each([
    ['a bound', { components: [{ upper: Number.POSITIVE_INFINITY }], confidence: 1, state: 'pass' }],
    ['a confidence', { components: [], confidence: Number.NaN, state: 'pass' }],
  ])('is refused when %s has no form in JSON', (_name, data) => {
    const made = { ...bodyOf(), data: data as unknown as DecisionBody['data'] };
    const entry = () => decisionEntry({ decidedAtMs: NOW_MS, decisionId: 'd', request: askOf(), body: made });
    expect(entry).toThrow(RangeError);
  });
});
