import { startEngine } from '../store/engine/start-engine.ts';

/**
 * The engine as its own process, for tests: prints its port as one line of JSON, ends on SIGTERM and when whoever
 * started it is gone.
 */
const [dataDir, token] = process.argv.slice(2) as [string, string];
const log = {
  info: () => undefined,
  warn: (facts: object, text: string) => console.error(JSON.stringify(facts), text),
  error: (facts: object, text: string) => console.error(JSON.stringify(facts), text),
};
const engine = await startEngine({ dataDir, port: 0, token, log });
const end = () => void engine.close().then(() => process.exit(0));
process.once('SIGTERM', end);
process.stdin.once('end', end).resume();
console.log(JSON.stringify({ port: engine.port }));
