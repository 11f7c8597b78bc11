import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { findingsOfRun, type RunFinding } from '../drift/findings-of-run.ts';
import { readRun } from '../drift/read-run.ts';

export function driftCommand(): Command {
  return new Command('drift')
    .description('what do the detectors of drift find in simulated runs?')
    .argument(
      '<DIR>',
      'folder of one folder a run: services.jsonl, edges.jsonl, …, intent.json; gzipped or not',
    )
    .addHelpText('after', '\nExample:\n  npm run -s eval -- drift runs > findings.json\n')
    .action(run);
}

async function run(dir: string): Promise<void> {
  const found: Record<string, RunFinding[]> = {};
  const entries = await readdir(dir, { withFileTypes: true });
  for (const entry of entries
    .filter((entry) => entry.isDirectory())
    .sort((a, b) => (a.name < b.name ? -1 : 1))) {
    found[entry.name] = findingsOfRun(await readRun(join(dir, entry.name)));
  }
  process.stdout.write(`${JSON.stringify(found)}\n`);
}
