import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../../core/log.ts';
import type { Gate } from '../../gates/gate.ts';
import { noteProblem } from '../api/note-problem.ts';
import { type Operation, routeOf } from '../api/operation.ts';
import type { Problem } from '../api/problem.ts';

/** What every adapter is served from. */
export interface AdapterDeps {
  readonly gate: Gate;
  readonly now: () => number;
  readonly log: Log;
}

/** One door of a foreign protocol. */
export interface Door {
  readonly operation: Operation;
  /** Where the protocol's own messages are larger than a question of ours. */
  readonly bodyBytesMax?: number;
  /** Says no in the words of the protocol: bad input, no key, or a gate that cannot answer. Never an allow. */
  readonly refuse: (problem: Problem, reply: FastifyReply, request: FastifyRequest) => FastifyReply;
}

/** Routes a door; whatever goes wrong, from the key to the ledger, is told by its `refuse`. */
export function serveAdapter(
  app: FastifyInstance,
  { operation, bodyBytesMax, refuse }: Door,
  { log }: Pick<AdapterDeps, 'log'>,
  handle: (request: FastifyRequest, reply: FastifyReply) => unknown,
): void {
  app.route({
    method: operation.method,
    url: routeOf(operation),
    ...(bodyBytesMax === undefined ? {} : { bodyLimit: bodyBytesMax }),
    errorHandler: (error, request, reply) => {
      void refuse(noteProblem(error, { request, reply, log }), reply, request);
    },
    handler: async (request, reply) => handle(request, reply),
  });
}
