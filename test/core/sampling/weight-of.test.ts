import { describe, expect, it } from 'vitest';
import { type WeightAttributes, weightOf } from '../../../core/sampling/weight-of.ts';

const KEPT = 'a0b1c2d3e4f5061728ffffffffffffff';
const DROPPED = 'a0b1c2d3e4f506172800000000000000';

function weigh(attributes: WeightAttributes, header: { traceState?: string; traceId?: string } = {}) {
  return weightOf({ traceState: '', traceId: KEPT, flags: 0, ...header, attributes });
}

const unknown = (kind: string, key: string) => ({ kind, key, weight: null, trust: 'unknown' });

describe('the weight of a span', () => {
  it.each([
    ['th', 'ot=th:e0', 'threshold', 'e', 8, 'exact'],
    ['p and r', 'ot=p:3;r:4', 'power', '3', 8, 'exact'],
    ['p alone', 'ot=p:0', 'power', '0', 1, 'declared'],
    ['p of what was not sampled by probability', 'ot=p:63;r:4', 'power', '63', 0, 'declared'],
    ['th before p', 'ot=th:8;p:3', 'threshold', '8', 2, 'exact'],
  ])('by marks: %s', (_, traceState, kind, key, weight, trust) => {
    expect(weigh({}, { traceState })).toEqual({ kind, key, weight, trust });
  });

  it.each<[string, WeightAttributes, string, number, string]>([
    ['Honeycomb', { SampleRate: '8' }, 'SampleRate=8', 8, 'declared'],
    ['the other spelling', { sampleRate: '2.5' }, 'SampleRate=2.5', 2.5, 'declared'],
    ['Refinery', { SampleRate: '8', 'meta.refinery.final_sample_rate': '8' }, 'SampleRate=8', 8, 'declared'],
    [
      'Jaeger',
      { 'sampler.type': 'probabilistic', 'sampler.param': '0.25' },
      'sampler.param=4',
      4,
      'declared',
    ],
    ['Jaeger, all', { 'sampler.type': 'const', 'sampler.param': 'true' }, 'sampler.param=1', 1, 'declared'],
    ['Datadog', { '_dd.rule_psr': '0.5', '_dd.limit_psr': '0.5' }, '_dd.rule_psr=4', 4, 'declared'],
    ['the agent of Datadog', { '_dd.agent_psr': '0.1' }, '_dd.agent_psr=10', 10, 'adaptive'],
    ['Datadog, probabilistic', { '_dd.prob_sr': '0.2' }, '_dd.prob_sr=5', 5, 'declared'],
  ])('by attributes: %s', (_, attributes, key, weight, trust) => {
    expect(weigh(attributes)).toEqual({ kind: 'attribute', key, weight, trust });
  });

  it.each<[string, WeightAttributes]>([
    ['nothing', {}],
    ['a rate limit of Jaeger', { 'sampler.type': 'ratelimiting', 'sampler.param': '2' }],
    ['none of Jaeger', { 'sampler.type': 'const', 'sampler.param': '0' }],
    ['a trace somebody asked for', { '_dd.rule_psr': '0.5', _sampling_priority_v1: '2' }],
  ])('is unknown by %s, and never 1', (_, attributes) => {
    expect(weigh(attributes)).toEqual(unknown('none', ''));
  });

  it.each<[string, WeightAttributes, string | undefined, string]>([
    ['malformed th', {}, 'ot=th:X', 'th_not_hex'],
    ['malformed rv', {}, 'ot=th:8;rv:1', 'rv_length'],
    ['malformed th beside a rate', { SampleRate: '8' }, 'ot=th:X', 'th_not_hex'],
    ['p above r', {}, 'ot=p:4;r:3', 'inconsistent_p_gt_r'],
    ['a rate of 0, which Honeycomb takes for 1', { SampleRate: '0' }, undefined, 'sample_rate_invalid'],
    ['a negative rate', { sampleRate: '-1' }, undefined, 'sample_rate_invalid'],
    ['an empty rate', { sampleRate: '' }, undefined, 'sample_rate_invalid'],
    ['a probability above 1', { '_dd.agent_psr': '1.5' }, undefined, 'sample_rate_invalid'],
    ['two rates', { SampleRate: '8', sampleRate: '4' }, undefined, 'weights_disagree'],
    ['a rate that th does not know of', { SampleRate: '8' }, 'ot=th:0', 'weights_disagree'],
  ])('is unknown by %s', (_, attributes, traceState, key) => {
    expect(weigh(attributes, traceState === undefined ? {} : { traceState })).toEqual(
      unknown('invalid', key),
    );
  });

  it('is unknown where the span contradicts its threshold, which is named', () => {
    expect(weigh({}, { traceState: 'ot=th:8', traceId: DROPPED })).toEqual(unknown('threshold', '8'));
    expect(weigh({ SampleRate: '2' }, { traceState: 'ot=th:8', traceId: DROPPED })).toEqual(
      unknown('threshold', '8'),
    );
  });

  it('takes a rate that th was rounded to', () => {
    expect(weigh({ SampleRate: '3' }, { traceState: 'ot=th:aab' })).toMatchObject({ weight: 4096 / 1365 });
  });
});

describe('the weight of a log record', () => {
  it.each<[string, WeightAttributes, string, object]>([
    ['its threshold', { 'sampling.threshold': 'c' }, KEPT, { kind: 'threshold', key: 'c', weight: 4 }],
    ['of another', { 'sampling.threshold': 'c' }, DROPPED, { kind: 'threshold', weight: null }],
    [
      'its randomness, without a trace',
      { 'sampling.threshold': 'c', 'sampling.randomness': 'd0000000000000' },
      '',
      { kind: 'threshold', key: 'c', weight: 4 },
    ],
    ['a comma', { 'sampling.threshold': '8,ot2=1' }, KEPT, { kind: 'invalid', key: 'tracestate_syntax' }],
    ['no trace', { 'sampling.threshold': 'c' }, '', { kind: 'invalid', key: 'traceid_invalid' }],
    ['no trace, no marks', {}, '', { kind: 'none' }],
  ])('is that of %s', (_, attributes, traceId, weight) => {
    expect(weigh(attributes, { traceId })).toMatchObject(weight);
  });
});
