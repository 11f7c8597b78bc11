import { describe, expect, it } from 'vitest';
import { PipelineError } from '../../../core/errors.ts';
import type { Signal } from '../../../core/signal.ts';
import { jsonToProtobuf } from '../../../ingest/transcode/json-to-protobuf.ts';
import { chunksOf } from './chunks-of.ts';
import { encodeRequest } from './otlp-types.ts';

const TRACE_ID = '0102030405060708090a0b0c0d0e0f10';
const SPAN_ID = '0102030405060708';
const idBytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** A request of one span with these members besides its ids, as text. */
const spanWith = (members: string): string =>
  `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${TRACE_ID}","spanId":"${SPAN_ID}",${members}}]}]}]}`;
const AT_SPAN = 'resourceSpans[0].scopeSpans[0].spans[0]';

function ofSpan(span: object): ReturnType<typeof chunksOf> {
  const whole = { traceId: idBytes(TRACE_ID), spanId: idBytes(SPAN_ID), ...span };
  return chunksOf('traces', [
    encodeRequest('traces', { resourceSpans: [{ scopeSpans: [{ spans: [whole] }] }] }),
  ]);
}

function ofJson(text: string, signal: Signal = 'traces') {
  const { body, warnings } = jsonToProtobuf(signal, Buffer.from(text));
  return { ...chunksOf(signal, [body]), warnings };
}

function refusal(text: string, signal: Signal = 'traces'): PipelineError {
  try {
    jsonToProtobuf(signal, Buffer.from(text));
  } catch (error) {
    if (error instanceof PipelineError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('OTLP/JSON that is accepted', () => {
  it.each([
    [
      '64: 64-bit integers as text',
      '"startTimeUnixNano":"9007199254740993"',
      { startTimeUnixNano: 9_007_199_254_740_993n },
    ],
    [
      '64, 65: bare 64-bit integers',
      '"startTimeUnixNano":9007199254740993',
      { startTimeUnixNano: 9_007_199_254_740_993n },
    ],
    ['64: integers with an exponent', '"startTimeUnixNano":1.5e3', { startTimeUnixNano: 1_500n }],
    ['68: null as absent', '"name":null,"attributes":null,"status":null', {}],
    ['70: a member twice: the last', '"name":"a","name":"b"', { name: 'b' }],
    [
      '70: a list twice: the last',
      '"events":[{"name":"a"}],"name":"n","events":[{"name":"b"}]',
      { events: [{ name: 'b' }], name: 'n' },
    ],
    ['68: a value and then null: absent', '"name":"a","name":null', {}],
    ['61: unknown members', '"future":{"a":[1,{"b":null}],"c":"\\u00e9"},"name":"n"', { name: 'n' }],
    ['escapes', String.raw`"name":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude42"`, { name: '"\\/\b\f\n\r\té🙂' }],
    ['half a surrogate pair', String.raw`"name":"\ud83d!"`, { name: '\ufffd!' }],
    ['53, 63: an unknown enum number', '"kind":77,"status":{"code":-3}', { kind: 77, status: { code: -3 } }],
    ['63: an enum number beyond 32 bits as the greatest', '"kind":99999999999', { kind: 2 ** 31 - 1 }],
    ['70: white space', '\n\t "name" : "n"\r\n', { name: 'n' }],
    [
      '66: doubles in every spelling',
      '"attributes":[1,"1.5","NaN","-Infinity","1e3"]'.replace(
        /[^[,\]]+(?=[,\]])/g,
        (value) => `{"key":${JSON.stringify(value)},"value":{"doubleValue":${value}}}`,
      ),
      {
        attributes: [1, 1.5, Number.NaN, Number.NEGATIVE_INFINITY, 1_000].map((doubleValue, i) => ({
          key: ['1', '"1.5"', '"NaN"', '"-Infinity"', '"1e3"'][i],
          value: { doubleValue },
        })),
      },
    ],
    [
      '67: bytes in both alphabets of base64, padded or not',
      '"attributes":[{"key":"a","value":{"bytesValue":"+/8="}},{"key":"b","value":{"bytesValue":"-_8"}}]',
      { attributes: ['a', 'b'].map((key) => ({ key, value: { bytesValue: Uint8Array.of(0xfb, 0xff) } })) },
    ],
    [
      '68: the empty value and null in a list of values',
      '"attributes":[{"key":"a","value":{"arrayValue":{"values":[null,{},{"intValue":"-9223372036854775808"}]}}}]',
      { attributes: [{ key: 'a', value: { arrayValue: { values: [{}, {}, { intValue: -(2n ** 63n) }] } } }] },
    ],
    [
      '59: ids in upper case',
      `"parentSpanId":"ABCDEF0123456789"`,
      { parentSpanId: idBytes('abcdef0123456789') },
    ],
    ['69: an empty parent id', '"parentSpanId":""', {}],
  ])('%s', (_, members, span) => {
    const { warnings, ...found } = ofJson(spanWith(members));
    expect(found).toEqual(ofSpan(span));
    expect(warnings).toEqual([]);
  });

  it.each([
    [
      '62: names in snake_case',
      '"start_time_unix_nano":"5"',
      { startTimeUnixNano: 5n },
      'start_time_unix_nano',
    ],
    ['63: enums by name', '"kind":"SPAN_KIND_CLIENT"', { kind: 3 }, 'kind'],
    [
      'a time that does not fit 64 bits',
      '"endTimeUnixNano":"-1"',
      { endTimeUnixNano: 2n ** 64n - 1n },
      'endTimeUnixNano',
    ],
  ])('%s, with a warning', (_, members, span, named) => {
    const { warnings, ...found } = ofJson(spanWith(members));
    expect(found).toEqual(ofSpan(span));
    expect(warnings).toEqual([expect.stringContaining(named)]);
  });

  it('70: a byte order mark, and empty documents', () => {
    expect(ofJson('\ufeff{}')).toEqual({
      chunks: [],
      judged: [expect.objectContaining({ itemCount: 0 })],
      warnings: [],
    });
    expect(ofJson(' { "resourceLogs" : [ ] } ', 'logs').chunks).toEqual([]);
  });

  it('56: text that is not UTF-8 reaches the walk, which marks it', () => {
    const body = Buffer.concat([
      Buffer.from(spanWith('"name":"a').slice(0, -'}]}]}]}'.length)),
      Buffer.of(0xff),
      Buffer.from('"}]}]}]}'),
    ]);
    const { judged } = chunksOf('traces', [jsonToProtobuf('traces', body).body]);
    expect(judged[0]?.rejectedCount).toBe(0);
    expect(judged[0]?.warnings).toContainEqual(expect.stringContaining('not UTF-8'));
  });

  it('69: an empty id is an absent one, which costs a span', () => {
    const spans = [`"traceId":"","spanId":"${SPAN_ID}"`, `"traceId":"${TRACE_ID}","spanId":""`];
    const { judged, warnings } = ofJson(
      `{"resourceSpans":[{"scopeSpans":[{"spans":[{${spans.join('},{')}}]}]}]}`,
    );
    expect(judged[0]?.rejections.map(({ reason }) => reason)).toEqual([
      'trace_id_invalid',
      'span_id_invalid',
    ]);
    expect(warnings).toEqual([]);
  });

  it('72: an intValue as text and as a number is one and the same', () => {
    const withInt = (value: string) =>
      ofJson(spanWith(`"attributes":[{"key":"a","value":{"intValue":${value}}}]`));
    expect(withInt('"123"')).toEqual(withInt('123'));
    expect(withInt('"124"')).not.toEqual(withInt('123'));
  });

  it('59: an id that is not hexadecimal costs its own record', () => {
    const spans = [`"traceId":"xyz","spanId":"${SPAN_ID}"`, `"traceId":"${TRACE_ID}","spanId":"${SPAN_ID}"`];
    const { judged, warnings } = ofJson(
      `{"resourceSpans":[{"scopeSpans":[{"spans":[{${spans.join('},{')}}]}]}]}`,
    );
    expect(judged[0]).toMatchObject({
      itemCount: 2,
      rejectedCount: 1,
      rejections: [{ reason: 'trace_id_invalid' }],
    });
    expect(warnings).toEqual([expect.stringContaining('traceId')]);
  });
});

describe('JSON that is refused, with the field', () => {
  it.each([
    ['71: an object where a list is due', '{"resourceSpans":{}}', 'resourceSpans'],
    ['71: a list where an object is due', '{"resourceSpans":[[]]}', 'resourceSpans[0]'],
    ['71: a number where text is due', spanWith('"name":5'), `${AT_SPAN}.name`],
    [
      '71: text where a boolean is due',
      spanWith('"attributes":[{"key":"a"},{"key":"b","value":{"boolValue":"true"}}]'),
      `${AT_SPAN}.attributes[1].value.boolValue`,
    ],
    [
      'text where an integer is due',
      spanWith('"startTimeUnixNano":"yesterday"'),
      `${AT_SPAN}.startTimeUnixNano`,
    ],
    [
      'a fraction where an integer is due',
      spanWith('"startTimeUnixNano":1.5'),
      `${AT_SPAN}.startTimeUnixNano`,
    ],
    [
      'an integer beyond 64 bits',
      spanWith('"attributes":[{"key":"a","value":{"intValue":"9223372036854775808"}}]'),
      `${AT_SPAN}.attributes[0].value.intValue`,
    ],
    ['a negative count', spanWith('"droppedEventsCount":-1'), `${AT_SPAN}.droppedEventsCount`],
    ['an unknown enum name', spanWith('"kind":"SPAN_KIND_ODD"'), `${AT_SPAN}.kind`],
    [
      'bytes that are not base64',
      spanWith('"attributes":[{"key":"a","value":{"bytesValue":"*"}}]'),
      `${AT_SPAN}.attributes[0].value.bytesValue`,
    ],
    [
      '60: an id in base64',
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"AQIDBAUGBwgJCgsMDQ4PEA=="}]}]}]}',
      `${AT_SPAN}.traceId`,
    ],
    [
      '60: a span id in base64',
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"spanId":"AQIDBAUGBwg="}]}]}]}',
      `${AT_SPAN}.spanId`,
    ],
  ])('%s', (_, text, field) => {
    const { code, facts, message } = refusal(text);
    expect({ code, field: facts['field'] }).toEqual({ code: 'otlp_malformed', field });
    expect(message).toContain(field);
  });

  it.each([
    ['nothing', ''],
    ['a list', '[]'],
    ['null', 'null'],
    ['a second document', '{}{}'],
    ['a comma too many', '{"resourceSpans":[],}'],
    ['a missing comma', '{"resourceSpans":[] "a":1}'],
    ['text without an end', '{"resourceSpans'],
    ['a raw line break in text', '{"a":"\n"}'],
    ['an unknown escape', String.raw`{"a":"\x"}`],
    ['a short unicode escape', String.raw`{"a":"\u12"}`],
    ['a number with a leading zero', '{"a":01}'],
    ['a bare word', '{"a":nul}'],
    ['protobuf', '\n\u0005hello'],
    ['nesting without end', `{"a":${'['.repeat(100_000)}`],
    ['a number of a million digits', `{"a":${'1'.repeat(1_000_000)}}`],
  ])('%s is not OTLP/JSON', (_, text) => {
    expect(refusal(text).code).toBe('otlp_malformed');
  });

  it('names no more of a hostile path than a log line holds', () => {
    const { message } = refusal(`{"${'x'.repeat(10_000)}":[[[[oops`);
    expect(message.length).toBeLessThan(800);
  });
});
