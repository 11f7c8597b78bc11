import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** How the way to the store is broken while it is open; by default it is not. */
export interface GateFault {
  /** The store gets every request, and nobody its answer. */
  readonly losesAnswers?: boolean;
  /** Requests are taken and never reach the store, nor does anybody answer. */
  readonly hangs?: boolean;
  /** What is answered instead of leading to the store: a ClickHouse error. */
  readonly answers?: { readonly code: number; readonly name: string };
  /** How late every answer is. */
  readonly delayMs?: number;
}

/** A port that leads to a real store, or to nobody: what a crash, a restart and a broken network look like. */
export class StoreGate {
  readonly url: string;
  readonly #port: number;
  #storePort: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #fault: GateFault = {};

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

  async open(fault: GateFault = {}): Promise<void> {
    this.#fault = fault;
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

  /** From now on connections are broken, or led, in another way; the old ones are cut. */
  async change(fault: GateFault = {}): Promise<void> {
    await this.shut();
    await this.open(fault);
  }

  #lead(client: Socket): void {
    const { losesAnswers = false, hangs = false, answers, delayMs = 0 } = this.#fault;
    this.#own(client);
    if (hangs) client.resume();
    else if (answers !== undefined) answerError(client, answers);
    else this.#leadOn(client, { losesAnswers, delayMs });
  }

  #leadOn(client: Socket, { losesAnswers, delayMs }: { losesAnswers: boolean; delayMs: number }): void {
    const store = connect(this.#storePort, '127.0.0.1');
    this.#own(store);
    client.pipe(store);
    client.on('close', () => store.destroy());
    store.on('close', () => setTimeout(() => client.destroy(), delayMs));
    if (losesAnswers) store.once('data', () => client.destroy());
    else if (delayMs > 0) store.on('data', (part) => setTimeout(() => client.write(part), delayMs));
    else store.pipe(client);
  }

  #own(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

/** As ClickHouse does, and then hangs up. */
function answerError(client: Socket, { code, name }: { code: number; name: string }): void {
  const body = `Code: ${code}. DB::Exception: as the test wants it. (${name})\n`;
  client.once('data', () =>
    client.end(
      `HTTP/1.1 500 Internal Server Error\r\nX-ClickHouse-Exception-Code: ${code}\r\nConnection: close\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    ),
  );
  client.resume();
}
