import { constants, type ServerHttp2Stream } from 'node:http2';

const DRAIN_MS_MAX = 2_000;

/**
 * Lets a refused client notice while it still sends: its bytes go into nothing for a moment, then the stream is
 * reset with NO_ERROR, which HTTP/2 has for "answered, send no more".
 */
export function drainStream(stream: ServerHttp2Stream): void {
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), DRAIN_MS_MAX);
  timer.unref();
  stream.once('close', () => clearTimeout(timer));
  stream.resume();
}
