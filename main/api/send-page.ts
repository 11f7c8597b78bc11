import type { FastifyReply } from 'fastify';
import { CONTENT_SECURITY_POLICY } from './page/document.ts';

export function sendPage(reply: FastifyReply, page: string, status = 200): FastifyReply {
  return reply
    .status(status)
    .type('text/html; charset=utf-8')
    .header('content-security-policy', CONTENT_SECURITY_POLICY)
    .send(page);
}
