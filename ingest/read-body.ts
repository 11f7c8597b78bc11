import type { Readable } from 'node:stream';
import { PipelineError } from '../core/errors.ts';
import type { BodyBudget } from './body-budget.ts';

export interface BodyLimits {
  readonly bodyBytesMax: number;
  readonly bodyMsMax: number;
}

/** Looks at the first bytes, and throws when they already say that the rest is not wanted. */
export type FirstLook = (firstBytes: Buffer) => void;

/** A body in memory, and its share of the budget, which is to be given back when the request is done. */
export interface ReadBody {
  readonly body: Buffer;
  release(): void;
}

/**
 * Reads a body of either transport within its limits. After a failure what still comes is left to the caller,
 * who drains or resets it.
 * @throws PipelineError otlp_too_large, request_timeout, overloaded; ClientGone
 */
export function readBody(
  stream: Readable,
  limits: BodyLimits,
  { budget, firstLook }: { budget: BodyBudget; firstLook?: FirstLook },
): Promise<ReadBody> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    const release = () => {
      budget.giveBack(bytes);
      bytes = 0;
    };
    const onData = (chunk: Buffer) => {
      if (bytes + chunk.length > limits.bodyBytesMax) return fail(tooLarge(limits.bodyBytesMax));
      try {
        if (bytes === 0) firstLook?.(chunk);
        budget.take(chunk.length);
      } catch (error) {
        return fail(error);
      }
      bytes += chunk.length;
      chunks.push(chunk);
    };
    const onEnd = () => {
      detach();
      resolve({ body: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes), release });
    };
    const onGone = () => fail(new ClientGone());
    const fail = (error: unknown) => {
      detach();
      chunks = [];
      release();
      reject(error);
    };
    const timer = setTimeout(() => fail(tooSlow(limits.bodyMsMax)), limits.bodyMsMax);
    const detach = () => {
      clearTimeout(timer);
      stream.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone);
      stream.on('error', ignore);
    };
    stream.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone);
  });
}

/** The connection ended before the body did: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

function ignore(): void {
  // A connection that breaks after its request was answered or refused concerns nobody.
}

export function tooLarge(bodyBytesMax: number): PipelineError {
  return new PipelineError(
    'otlp_too_large',
    `The body is larger than ${bodyBytesMax} bytes; send smaller batches, or raise PLUMBLINE_OTLP_BODY_BYTES_MAX.`,
    { bodyBytesMax },
  );
}

function tooSlow(bodyMsMax: number): PipelineError {
  return new PipelineError(
    'request_timeout',
    `The body did not arrive within ${bodyMsMax} ms; nothing of it was stored.`,
    { bodyMsMax },
  );
}
