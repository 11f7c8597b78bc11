import type { IncomingMessage } from 'node:http';

const DRAIN_BYTES_MAX = 1_073_741_824;

/**
 * Lets a client that was refused in the middle of its body finish sending it, into nothing: a connection closed
 * with unread bytes is reset, and the client would never see the answer. Ends those that go on for too long.
 * @param msMax how long it may take
 * @param done called once, when nothing more will come
 */
export function drainRequest(request: IncomingMessage, msMax: number, done: () => void): void {
  if (request.complete || request.destroyed) {
    done();
    return;
  }
  let bytes = 0;
  const timer = setTimeout(() => request.destroy(), msMax);
  timer.unref();
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > DRAIN_BYTES_MAX) request.destroy();
  });
  // Also after the last byte.
  request.once('close', () => {
    clearTimeout(timer);
    done();
  });
  request.resume();
}
