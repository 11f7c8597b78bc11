import type { FastifyReply } from 'fastify';
import type { Problem } from '../api/problem.ts';

/** For protocols that only look at the status. */
export function problemJson(problem: Problem, reply: FastifyReply): FastifyReply {
  return reply.status(problem.status).type('application/problem+json').send(problem);
}
