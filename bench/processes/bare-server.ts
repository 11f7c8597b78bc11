import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers every request with the same words: what the machine itself takes for a question and an answer. */
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(200, { 'content-length': 2 }).end('{}'));
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit(0));
