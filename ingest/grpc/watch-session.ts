import type { ServerHttp2Session } from 'node:http2';
import type { TransportLimits } from '../transport.ts';

/**
 * Ends connections on which nobody is: node:http2 itself waits for ever, and a client that loses power or dribbles
 * a frame byte by byte would hold its socket until we restart. Every live client answers a PING by itself.
 * @param onEnded called once for a connection that was ended
 */
export function watchSession(
  session: ServerHttp2Session,
  limits: TransportLimits,
  onEnded: () => void,
): void {
  let isWaiting = true;
  const heard = () => {
    isWaiting = false;
  };
  const check = () => {
    if (isWaiting) {
      onEnded();
      session.destroy();
    } else isWaiting = session.ping(heard);
  };
  let timer = setTimeout(() => {
    check();
    if (!session.destroyed) timer = setInterval(check, limits.silentMsMax);
  }, limits.headersMsMax);
  session.once('remoteSettings', heard);
  session.once('close', () => clearTimeout(timer));
}
