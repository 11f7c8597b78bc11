import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { PipelineError } from '../core/errors.ts';

/**
 * Listens on a port and lets it go again: the one way to know whether it can be had.
 * @param port 0 takes a free one
 * @returns the port, or null when somebody else listens there
 * @throws PipelineError config_invalid when this process may not, or cannot, listen on that address at all
 */
export async function listenBriefly(host: string, port: number): Promise<number | null> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') return null;
    const text = `Nothing can listen on port ${port} of ${host} (${code}): set PLUMBLINE_HOST to an address of this machine, and ports above 1023.`;
    throw new PipelineError('config_invalid', text, { host, port }, error);
  }
  const { port: chosen } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return chosen;
}
