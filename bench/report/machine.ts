import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { VERSION } from '../../main/version.ts';

/** What the figures below were measured on, and with which versions. */
export function machineText(): string {
  const [cpu] = cpus();
  const engine = versionOf('chdb');
  const load = loadavg()[0]?.toFixed(1);
  return [
    `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, load ${load} at the start`,
    `plumbline ${VERSION}, node ${process.version}, chdb ${engine}, protobufjs ${versionOf('protobufjs')}`,
  ].join('\n');
}

function versionOf(name: string): string {
  const path = join(import.meta.dirname, '../../node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
