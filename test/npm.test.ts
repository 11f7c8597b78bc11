import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

interface LockedPackage {
  readonly name?: string;
  readonly version?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

const root = join(import.meta.dirname, '..');
const read = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8')) as unknown;
const { allowScripts } = read('package.json') as { allowScripts: Readonly<Record<string, boolean>> };
const { packages } = read('package-lock.json') as { packages: Readonly<Record<string, LockedPackage>> };
const locked = Object.entries(packages).map(([path, facts]) => ({
  ...facts,
  name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
}));

it('npm: no package runs a script at installation but the one that brings our Node', () => {
  const withScripts = locked.filter(({ hasInstallScript }) => hasInstallScript === true);
  expect(withScripts.length).toBeGreaterThan(0);
  expect(withScripts.filter(({ name }) => allowScripts[name] === undefined)).toEqual([]);
  expect(Object.keys(allowScripts).filter((name) => allowScripts[name])).toEqual(['node']);
});

it('npm: the lock file holds the engine for every platform, and no address of a registry', () => {
  const engines = locked.filter(({ name }) => name.startsWith('@chdb/lib-'));
  expect(engines.map(({ name }) => name).sort()).toEqual([
    '@chdb/lib-darwin-arm64',
    '@chdb/lib-darwin-x64',
    '@chdb/lib-linux-arm64-gnu',
    '@chdb/lib-linux-x64-gnu',
  ]);
  for (const { version, os, cpu, optional } of engines)
    expect({ version, os, cpu, optional }).toMatchObject({ version: engines[0]?.version, optional: true });
  expect(locked.filter(({ resolved }) => resolved !== undefined)).toEqual([]);
});
