import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PipelineError } from '../../core/errors.ts';
import { acceptedType } from '../../main/api/accepted-type.ts';
import { authorizer } from '../../main/api/authorize.ts';
import { hostChecker } from '../../main/api/check-host.ts';
import { problemOf } from '../../main/api/problem.ts';

const OFFERED = ['application/json', 'text/markdown', 'text/html'] as const;

describe('acceptedType', () => {
  it.each([
    ['no header', undefined, 'application/json'],
    ['anything', '*/*', 'application/json'],
    ['one by name', 'text/markdown', 'text/markdown'],
    ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
    ['a family', 'text/*', 'text/markdown'],
    ['the better quality', 'text/html;q=0.5, text/markdown;q=0.9', 'text/markdown'],
    ['all but one', 'application/json;q=0, */*', 'text/markdown'],
    ['nothing of ours', 'image/png', null],
    ['nonsense as quality', 'text/html;q=7', null],
  ])('%s', (_, header, expected) => {
    expect(acceptedType(header, OFFERED)).toBe(expected);
  });
});

describe('authorizer', () => {
  const authorize = authorizer(['first-key', 'second-key']);
  const basic = (password: string): string => `Basic ${Buffer.from(`anyone:${password}`).toString('base64')}`;

  it('asks nobody without keys', () => {
    expect(() => authorizer([])({ method: 'POST', authorization: undefined })).not.toThrow();
  });

  it.each([
    ['a bearer key', 'POST', 'Bearer first-key'],
    ['another, with another case', 'POST', 'bearer second-key'],
    ['a browser that reads', 'GET', basic('second-key')],
  ])('lets in %s', (_, method, authorization) => {
    expect(() => authorize({ method, authorization })).not.toThrow();
  });

  it.each([
    ['nothing', 'GET', undefined],
    ['a wrong key', 'POST', 'Bearer third-key'],
    ['a part of a key', 'POST', 'Bearer first'],
    ['no key', 'POST', 'Bearer '],
    ['a browser that acts', 'POST', basic('first-key')],
    ['a browser with a wrong key', 'GET', basic('third-key')],
    ['an unknown scheme', 'GET', 'Digest first-key'],
  ])('keeps out %s', (_, method, authorization) => {
    expect(() => authorize({ method, authorization })).toThrow(
      expect.objectContaining({ code: 'unauthenticated' }),
    );
  });
});

describe('hostChecker', () => {
  it.each([
    ['127.0.0.1:4319', true],
    ['localhost', true],
    ['plumbline.localhost:4319', true],
    ['[::1]:4319', true],
    ['LOCALHOST:4319', true],
    ['attacker.example', false],
    ['127.0.0.1.attacker.example:4319', false],
    ['', false],
    [undefined, false],
  ])('on a loopback bind takes %s: %s', (header, taken) => {
    const check = (): void => hostChecker('127.0.0.1')(header);
    const thrown = ((): unknown => {
      try {
        return check();
      } catch (error) {
        return error;
      }
    })();
    expect(thrown === undefined).toBe(taken);
  });

  it('takes any name on a bind that others reach', () => {
    expect(() => hostChecker('0.0.0.0')('plumbline.example:4319')).not.toThrow();
  });
});

describe('problemOf', () => {
  it('maps a failure of ours by its code', () => {
    expect(
      problemOf(new PipelineError('store_unavailable', 'ClickHouse does not answer: start it.')),
    ).toEqual({
      type: 'urn:plumbline:failure:store_unavailable',
      title: 'The store does not answer',
      status: 503,
      detail: 'ClickHouse does not answer: start it.',
      code: 'store_unavailable',
      retryable: true,
    });
  });

  it('lists every wrong field with its path', () => {
    const { error } = z
      .strictObject({ a: z.object({ b: z.int() }), c: z.string() })
      .safeParse({ a: { b: 'x' } });
    expect(problemOf(error)).toMatchObject({
      status: 400,
      code: 'request_invalid',
      errors: [{ path: 'a.b' }, { path: 'c' }],
    });
  });

  it('tells nothing of our insides', () => {
    const problem = problemOf(new TypeError('cannot read secret of /home/somebody'));
    expect(problem).toMatchObject({ status: 500, code: 'internal' });
    expect(JSON.stringify(problem)).not.toContain('somebody');
  });
});
