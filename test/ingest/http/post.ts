import { type Agent, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
  readonly text: string;
}

interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  /** Several parts go as a chunked body. */
  readonly body?: Uint8Array | string | readonly (Uint8Array | string)[];
  readonly agent?: Agent;
}

/** One HTTP/1.1 request, byte for byte as told; resolves also when the answer comes before the body is sent. */
export function post(url: string, call: Call = {}): Promise<Answer> {
  const { method = 'POST', path = '/v1/traces', headers = {}, body = '', agent } = call;
  const parts = Array.isArray(body) ? body : [body as Uint8Array | string];
  const length = parts.length === 1 ? { 'content-length': String(Buffer.byteLength(parts[0] ?? '')) } : {};
  return new Promise((resolve, reject) => {
    const sending = request(`${url}${path}`, {
      method,
      headers: { ...length, ...headers },
      agent: agent ?? false,
    });
    sending.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const whole = Buffer.concat(chunks);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: whole,
          text: whole.toString(),
        });
      });
      response.on('error', reject);
    });
    sending.on('error', reject);
    for (const part of parts) sending.write(part);
    sending.end();
  });
}
