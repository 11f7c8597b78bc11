import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A port that leads to a real store, or to nobody: what a crash, a restart and a broken network look like. */
export class StoreGate {
  readonly url: string;
  readonly #port: number;
  #storePort: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #losesAnswers = false;

  /** Shut at first. @param storeUrl the real store */
  static async to(storeUrl: string): Promise<StoreGate> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as { port: number };
    probe.close();
    await once(probe, 'close');
    return new StoreGate(port, Number(new URL(storeUrl).port));
  }

  private constructor(port: number, storePort: number) {
    this.#port = port;
    this.#storePort = storePort;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** @param losesAnswers the store gets every request, and nobody its answer */
  async open({ losesAnswers = false } = {}): Promise<void> {
    this.#losesAnswers = losesAnswers;
    this.#server = createServer((socket) => this.#lead(socket)).listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** The store came back under another address. */
  leadTo(storeUrl: string): void {
    this.#storePort = Number(new URL(storeUrl).port);
  }

  async shut(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    for (const socket of this.#sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }

  #lead(client: Socket): void {
    const store = connect(this.#storePort, '127.0.0.1');
    for (const socket of [client, store]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    }
    client.pipe(store);
    client.on('close', () => store.destroy());
    store.on('close', () => client.destroy());
    if (this.#losesAnswers) store.once('data', () => client.destroy());
    else store.pipe(client);
  }
}
