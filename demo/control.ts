import { createServer, type ServerResponse } from 'node:http';
import { FAULT_TEXT, FAULTS, type Fault, type FaultSwitches, isFault } from './faults/fault.ts';
import { listenOnFreePort } from './shop/listen-on-free-port.ts';

/**
 * The switches over HTTP: `GET /faults`, `POST /faults/{name}/on|off`. Loopback only; a request that a web
 * page made is refused, since any page could make one.
 * @returns the port
 */
export async function startControl(options: {
  port: number;
  signal: AbortSignal;
  faults: () => FaultSwitches;
  switchFault: (fault: Fault, on: boolean) => void;
}): Promise<number> {
  const { port, signal, faults, switchFault } = options;
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] as string;
    const match = /^\/faults\/([a-z]+)\/(on|off)$/.exec(path);
    const fault = match?.[1] ?? '';
    if (request.headers.origin !== undefined) {
      answer(response, 403, { error: 'the switches are not for web pages' });
    } else if (request.method === 'GET' && path === '/faults') {
      answer(response, 200, { faults: faults(), texts: FAULT_TEXT });
    } else if (request.method === 'POST' && isFault(fault)) {
      switchFault(fault, match?.[2] === 'on');
      answer(response, 200, { faults: faults() });
    } else {
      const known = `GET /faults, POST /faults/{${FAULTS.join('|')}}/{on|off}`;
      answer(response, 404, { error: `no such switch; there are ${known}` });
    }
  });
  return await listenOnFreePort(server, signal, port);
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}
