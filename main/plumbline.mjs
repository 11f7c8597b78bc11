#!/usr/bin/env node
// Plain JavaScript that any Node >= 18 parses: it finds the Node that can run the rest (TypeScript as it is).
// `npm start` puts node_modules/.bin first in PATH and so usually needs no second process.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR_MIN = 24;
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** The `node` package of our own node_modules, or null when it was not installed. */
function findInstalledNode() {
  try {
    const packageFile = nodeModule.createRequire(import.meta.url).resolve('node/package.json');
    const bin = join(dirname(packageFile), JSON.parse(readFileSync(packageFile, 'utf8')).bin.node);
    return existsSync(bin) ? bin : null;
  } catch {
    return null;
  }
}

/** Same terminal, same process group; the exit code and the signals pass through. */
function runWith(node) {
  // The channel carries nothing: its end tells the inner process that this one is gone, even by SIGKILL.
  const inner = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => inner.kill(signal));
  inner.on('error', (error) => {
    console.error(`plumbline could not run ${node}: ${error.message}. Run "npm install" again.`);
    process.exit(1);
  });
  inner.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  if (process.channel) {
    process.channel.unref();
    process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  }
  // Compiled modules are kept beside what they were compiled from: a command starts in 0.2 s instead of 0.35 s.
  nodeModule.enableCompileCache?.(join(ROOT, 'node_modules', '.cache', 'plumbline'));
  await import('./cli.ts');
} else {
  const node = findInstalledNode();
  if (node === null) {
    console.error(
      `plumbline needs Node ${NODE_MAJOR_MIN} or newer, this is ${process.version}: run "npm install" in ${ROOT}, which brings one along.`,
    );
    process.exit(1);
  }
  runWith(node);
}
