import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../../core/log.ts';
import { CHALLENGES } from './authorize.ts';
import { type Problem, problemOf } from './problem.ts';

/** What a caller is to be told of an error, whatever the form: our log and the headers have it already. */
export function noteProblem(
  error: unknown,
  { request, reply, log }: { request: FastifyRequest; reply: FastifyReply; log: Log },
): Problem {
  const problem = problemOf(error);
  if (problem.status >= 500) {
    log.warn(
      { error, code: problem.code, route: request.routeOptions.url },
      'A request could not be answered.',
    );
  }
  if (problem.status === 401) reply.header('www-authenticate', CHALLENGES);
  if (problem.status === 503) reply.header('retry-after', '1');
  return problem;
}
