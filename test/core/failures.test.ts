import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FAILURES } from '../../core/errors.ts';

it('every failure code has its heading, and every heading its code', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/failures.md'), 'utf8');
  const headings = [...page.matchAll(/^## (.+)$/gm)].map((match) => match[1]);
  expect(headings.length).toBeGreaterThan(10);
  expect(headings.toSorted()).toEqual(Object.keys(FAILURES).toSorted());
});

it.each(Object.entries(FAILURES))('%s is retryable on the wire exactly when it says so', (_code, failure) => {
  // OTLP 1.11: clients retry these statuses and no others.
  expect([429, 502, 503, 504].includes(failure.httpStatus) && failure.httpStatus !== 502).toBe(
    failure.retryable,
  );
});
