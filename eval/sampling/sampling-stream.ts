import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PipelineError } from '../../core/errors.ts';

const spanHeader = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string(),
  service: z.string(),
  traceState: z.string(),
  flags: z.int().min(0),
  isError: z.boolean(),
  durationNs: z.number(),
  minute: z.int(),
  /** OTLP's number, where the stream has it. */
  kind: z.int().optional(),
  attributes: z.record(z.string(), z.string()).default({}),
});
/** What the observer received of one span. */
export type SpanHeaderLine = z.infer<typeof spanHeader>;

const counterLine = z.object({
  service: z.string(),
  minute: z.int(),
  requests: z.number(),
  errors: z.number().nullable().default(null),
  slow: z.number().nullable().default(null),
  sdkSampled: z.number().nullable().default(null),
});
/** What an independent counter saw of one service in one minute. */
export type CounterLine = z.infer<typeof counterLine>;

export interface SamplingStream {
  readonly name: string;
  readonly spans: readonly SpanHeaderLine[];
  readonly counters: readonly CounterLine[];
}

const SPANS = '.spans.jsonl';
const COUNTERS = '.counters.jsonl';

/** Names of the streams of a folder; what else lies there, a manifest above all, is not looked at. */
export async function listStreams(dir: string): Promise<string[]> {
  const files = await readdir(dir).catch((cause: unknown) => {
    throw new PipelineError('request_invalid', `Streams cannot be read from ${dir}.`, { dir }, cause);
  });
  const names = files.filter((file) => file.endsWith(SPANS)).map((file) => file.slice(0, -SPANS.length));
  if (names.length === 0) {
    throw new PipelineError('request_invalid', `${dir} holds no *${SPANS}; name a folder of streams.`, {
      dir,
    });
  }
  return names.sort();
}

/** One stream; without a file of counters nothing is known of the population. */
export async function readStream(dir: string, name: string): Promise<SamplingStream> {
  const counters = await readFile(join(dir, `${name}${COUNTERS}`), 'utf8').catch(() => '');
  return {
    name,
    spans: linesOf(await readFile(join(dir, `${name}${SPANS}`), 'utf8'), spanHeader, `${name}${SPANS}`),
    counters: linesOf(counters, counterLine, `${name}${COUNTERS}`),
  };
}

function linesOf<T>(text: string, schema: z.ZodType<T>, file: string): T[] {
  return text.split('\n').flatMap((line, index) => {
    if (line === '') return [];
    try {
      return [schema.parse(JSON.parse(line))];
    } catch (cause) {
      const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
      throw new PipelineError(
        'request_invalid',
        `${file}:${index + 1} is no line of a stream: ${why}`,
        {},
        cause,
      );
    }
  });
}
