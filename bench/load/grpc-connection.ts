import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';

/** One HTTP/2 connection that makes unary calls with prepared messages. */
export class GrpcConnection {
  readonly #session: ClientHttp2Session;

  static async open(port: number): Promise<GrpcConnection> {
    const session = connect(`http://127.0.0.1:${port}`);
    await once(session, 'connect');
    return new GrpcConnection(session);
  }

  private constructor(session: ClientHttp2Session) {
    this.#session = session;
    session.on('error', () => undefined); // the calls under way tell
  }

  /** Resolves with 200 when the call ends with status 0, else with the gRPC status. */
  send({ path, encoding, frame }: GrpcRequest): Promise<number> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
        'grpc-encoding': encoding,
      });
      let status = -1;
      const read = (headers: Record<string, unknown>) => {
        if (headers['grpc-status'] !== undefined) status = Number(headers['grpc-status']);
      };
      stream.on('response', read).on('trailers', read).on('error', reject);
      stream.on('close', () => resolve(status === 0 ? 200 : status));
      stream.resume();
      stream.end(frame);
    });
  }

  close(): void {
    this.#session.destroy();
  }
}

export interface GrpcRequest {
  readonly path: string;
  readonly encoding: 'gzip' | 'identity';
  readonly frame: Uint8Array;
}

export function grpcFrame(message: Uint8Array, compressed: boolean): Buffer {
  const header = Buffer.alloc(5);
  header[0] = Number(compressed);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}
