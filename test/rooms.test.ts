import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Which room may import which: the table of docs/architecture.md as data. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  store: ['core'],
  ingest: ['core', 'store'],
  validators: ['core'],
  detectors: ['core'],
  gates: ['core', 'store'],
  alerts: ['core', 'store'],
  jobs: ['core', 'store', 'validators', 'detectors', 'alerts', 'gates'],
  web: [],
  beacon: [],
  client: [],
  demo: ['core'],
  main: [
    'core',
    'store',
    'ingest',
    'validators',
    'detectors',
    'gates',
    'alerts',
    'jobs',
    'web',
    'demo',
    'client',
  ],
  eval: [
    'core',
    'store',
    'ingest',
    'validators',
    'detectors',
    'gates',
    'alerts',
    'jobs',
    'main',
    'demo',
    'bench',
  ],
  bench: ['core', 'store', 'ingest', 'validators', 'detectors', 'gates', 'alerts', 'jobs', 'main', 'demo'],
};

/** Nothing but the engine's own process ever loads chdb: a crash there is a restart, not a loss. */
const ONLY_THERE: Readonly<Record<string, string>> = { chdb: join('store', 'engine') };

const root = resolve(import.meta.dirname, '..');
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|(?:^|\n)\s*import\s+'([^']+)'/g;

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mjs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(IMPORT)].map((m) => (m[1] ?? m[2] ?? m[3]) as string);
}

describe('rooms', () => {
  it('import only what the table allows', () => {
    let seen = 0;
    const wrong: string[] = [];
    for (const [room, allowed] of Object.entries(MAY_IMPORT)) {
      for (const file of sourceFiles(join(root, room))) {
        for (const specifier of importsOf(file)) {
          seen++;
          if (!specifier.startsWith('.')) continue;
          const target = relative(root, resolve(file, '..', specifier)).split(sep)[0] as string;
          if (target !== room && !allowed.includes(target))
            wrong.push(`${relative(root, file)} -> ${specifier}`);
        }
      }
    }
    expect(seen).toBeGreaterThan(50);
    expect(wrong).toEqual([]);
  });

  it('keep the embedded engine in its own process', () => {
    const wrong: string[] = [];
    let seen = 0;
    for (const [library, home] of Object.entries(ONLY_THERE)) {
      for (const room of Object.keys(MAY_IMPORT)) {
        for (const file of sourceFiles(join(root, room))) {
          if (!importsOf(file).includes(library)) continue;
          seen++;
          if (!relative(root, file).startsWith(home)) wrong.push(relative(root, file));
        }
      }
    }
    expect(seen).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
  });

  it('hold no dumps and no barrels', () => {
    const names = Object.keys(MAY_IMPORT).flatMap((room) => sourceFiles(join(root, room)));
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => /\/(utils?|helpers?|manager|index)\.ts$/.test(name))).toEqual([]);
  });
});
