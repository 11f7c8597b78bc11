import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonToProtobuf } from '../../../ingest/transcode/json-to-protobuf.ts';
import { runCount } from '../../run-count.ts';
import { signalRequest } from './arbitrary-request.ts';
import { chunksOf } from './chunks-of.ts';
import { encodeRequest } from './otlp-types.ts';
import { toOtlpJson } from './to-otlp-json.ts';

const style = fc.record({
  bareIntegers: fc.boolean(),
  upperCaseIds: fc.boolean(),
  reversedMembers: fc.boolean(),
  nullsForAbsent: fc.boolean(),
  urlSafeBase64: fc.boolean(),
});

describe('protobuf and JSON', () => {
  it('73: of one request make the same chunks and the same judgement', () => {
    const same = fc.property(signalRequest, style, ({ signal, request }, spelling) => {
      const binary = encodeRequest(signal, request);
      const json = Buffer.from(toOtlpJson(request, spelling));
      const { body, warnings } = jsonToProtobuf(signal, json);
      expect(warnings).toEqual([]);
      expect(chunksOf(signal, [body])).toEqual(chunksOf(signal, [binary]));
    });
    fc.assert(same, { numRuns: runCount({ suite: 200, long: 3_000 }) });
  });
});
