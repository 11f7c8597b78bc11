import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';

/**
 * One thing the API does: its route, what may be asked and what is answered. The server checks by it and the
 * OpenAPI document is written from it, so the two cannot disagree.
 */
export interface Operation<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
> {
  readonly method: 'GET' | 'POST';
  /** Below the prefix, parameters in braces. */
  readonly path: string;
  /** `/api/v1` unless another protocol says where it stands. */
  readonly prefix?: string;
  readonly id: string;
  readonly summary: string;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** When the body is parsed elsewhere: its JSON Schema for the document. */
  readonly bodySchema?: Readonly<Record<string, unknown>>;
  readonly answer: z.ZodType;
  /** Media types of the answer besides JSON. */
  readonly otherTypes?: readonly string[];
  /** Failures that belong to this operation, besides those of all. */
  readonly failures?: readonly ('not_found' | 'ledger_unwritable' | 'reference_changed' | 'finding_closed')[];
}

export const API_PREFIX = '/api/v1';

export function fullPath({ prefix = API_PREFIX, path }: Operation): string {
  return `${prefix}${path}`;
}

/** As the router writes it: `/verdicts/:id`. */
export function routeOf(operation: Operation): string {
  return fullPath(operation).replaceAll(/\{(\w+)\}/g, ':$1');
}

interface Asked<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> {
  readonly params: z.output<Params>;
  readonly query: z.output<Query>;
  readonly body: z.output<Body>;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** Routes an operation: parses at the door, so that `handle` may trust its types. */
export function serveOperation<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType>(
  app: FastifyInstance,
  operation: Operation<Params, Query, Body>,
  handle: (asked: Asked<Params, Query, Body>) => unknown,
): void {
  const { method, params, query, body } = operation;
  app.route({
    method,
    url: routeOf(operation),
    handler: async (request, reply) =>
      handle({
        params: params?.parse(request.params) as z.output<Params>,
        query: query?.parse(request.query) as z.output<Query>,
        body: body?.parse(request.body) as z.output<Body>,
        request,
        reply,
      }),
  });
}
