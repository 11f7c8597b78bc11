import { expect, it } from 'vitest';
import { type Source, sourceKey, sourceLabel } from '../../core/source.ts';
import { parseDurationMs } from '../../core/time.ts';

const source: Source = {
  tenant: '',
  serviceNamespace: 'shop',
  serviceName: 'checkout',
  serviceInstanceId: 'pod-7',
  signal: 'traces',
};

it('reads as people write it', () => {
  expect(sourceLabel(source)).toBe('shop/checkout#pod-7 traces');
  expect(sourceLabel({ ...source, serviceNamespace: '', serviceInstanceId: '' })).toBe('checkout traces');
});

it('keeps sources apart whose parts run together', () => {
  expect(sourceKey({ ...source, serviceNamespace: 'a', serviceName: 'bc' })).not.toBe(
    sourceKey({ ...source, serviceNamespace: 'ab', serviceName: 'c' }),
  );
});

it.each([
  ['250ms', 250],
  ['1.5s', 1_500],
  ['10m', 600_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
  ['10', null],
  ['-1s', null],
  ['soon', null],
])('duration %s', (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms);
});
