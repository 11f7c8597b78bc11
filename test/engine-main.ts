import { PipelineError } from '../core/errors.ts';
import { startEngine } from '../store/engine/start-engine.ts';

/**
 * The engine as its own process, for tests: prints its port, or why it cannot start, as one line of JSON; ends on
 * SIGTERM and when whoever started it is gone.
 */
const [dataDir, token, port] = process.argv.slice(2) as [string, string, string];
const log = {
  info: () => undefined,
  warn: (facts: object, text: string) => console.error(JSON.stringify(facts), text),
  error: (facts: object, text: string) => console.error(JSON.stringify(facts), text),
};
try {
  const engine = await startEngine({ dataDir, port: Number(port), token, log });
  const end = () => void engine.close().then(() => process.exit(0));
  process.once('SIGTERM', end);
  process.stdin.once('end', end).resume();
  console.log(JSON.stringify({ port: engine.port }));
} catch (error) {
  if (!(error instanceof PipelineError)) throw error;
  console.log(JSON.stringify({ failure: { code: error.code, message: error.message, facts: error.facts } }));
}
