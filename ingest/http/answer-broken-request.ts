import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestOutcome } from '../ingest-metrics.ts';
import { encodeRpcStatus } from '../rpc-status.ts';

const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;

/**
 * Answers what is not HTTP, or whose headers never end; there is no request object for it, so the answer is
 * written by hand, and the connection ends.
 */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): RequestOutcome {
  const isSlow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const isGone = error.code === 'ECONNRESET' || !socket.writable;
  if (isGone) {
    socket.destroy();
    return 'aborted';
  }
  const tooLong = error.code === 'HPE_HEADER_OVERFLOW';
  const status = isSlow ? 408 : tooLong ? 431 : 400;
  const message = isSlow
    ? 'The request did not arrive in time.'
    : `This is not an HTTP request: ${error.message}.`;
  const code = isSlow ? DEADLINE_EXCEEDED : INVALID_ARGUMENT;
  const body = encodeRpcStatus({ code, message, badField: null, retryAfterS: null }, 'json');
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\n\r\n${body}`,
  );
  return isSlow ? 'request_timeout' : 'http_malformed';
}
