import { availableParallelism, totalmem } from 'node:os';
import { type Check, fail, ok, warn } from './check.ts';

/** The engine alone keeps 1 GB of marks and merges; below 2 GB the kernel ends processes. */
const MEMORY_BYTES_MIN = 2 * 1024 ** 3;

export function checkNode(version: string = process.versions.node): Check {
  const major = Number(version.split('.')[0]);
  if (major >= 24) return ok('node', `Node ${version}`);
  return fail(
    'node',
    `Node ${version} is too old`,
    'run "npm install", which brings Node 24 along, then "npm start"',
  );
}

export function checkMachine(memoryBytes: number = totalmem()): Check {
  const text = `${availableParallelism()} processors, ${(memoryBytes / 1024 ** 3).toFixed(1)} GiB of memory`;
  if (memoryBytes >= MEMORY_BYTES_MIN) return ok('machine', text);
  return warn('machine', text, 'give it at least 2 GiB, or set CLICKHOUSE_URL to a store elsewhere');
}
