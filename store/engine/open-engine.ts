import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Session } from 'chdb';
import { PipelineError } from '../../core/errors.ts';
import { FILES_DATABASE, writeEngineConfig } from './engine-config-file.ts';

/**
 * Opens chdb in a directory, with `default` as an ordinary Atomic database. The session holds the engine open:
 * others open and close beside it.
 * @throws PipelineError data_dir_locked, data_dir_unwritable, config_invalid, store_unavailable
 */
export async function openEngine(enginePath: string): Promise<Session> {
  checkPath(enginePath);
  const configPath = await writable(enginePath, () => prepareDirectory(enginePath));
  const links = await removeDatabaseLinks(enginePath);
  try {
    return new Session(enginePath, { connectionArgs: [`--config-file=${configPath}`] });
  } catch (error) {
    await restoreLinks(links);
    throw await openFailure(enginePath, error);
  }
}

/** The engine reads bodies by their path, and takes these characters in it for patterns. */
function checkPath(enginePath: string): void {
  if (!/[*?{}]/.test(enginePath)) return;
  throw new PipelineError(
    'config_invalid',
    `The engine cannot work in ${enginePath}: its path holds one of * ? { }. Set PLUMBLINE_DATA_DIR to another one.`,
    { path: enginePath },
  );
}

async function writable<T>(enginePath: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new PipelineError(
      'data_dir_unwritable',
      `Cannot write to ${enginePath}; make the data directory writable for this user, or set PLUMBLINE_DATA_DIR.`,
      { path: enginePath },
      error,
    );
  }
}

/** Gives `default` a definition of its own before chdb makes a view of the file system of it. */
async function prepareDirectory(enginePath: string): Promise<string> {
  const metadata = join(enginePath, 'metadata');
  await mkdir(metadata, { recursive: true });
  const definition = join(metadata, 'default.sql');
  if (!(await exists(definition))) {
    const uuid = (await databaseUuid(join(metadata, 'default'))) ?? randomUUID();
    await writeFile(definition, `ATTACH DATABASE _ UUID '${uuid}'\nENGINE = Atomic\n`);
  }
  return writeEngineConfig(enginePath);
}

/** Of a database that chdb made without a definition: its link points to store/abc/<uuid>. */
async function databaseUuid(link: string): Promise<string | null> {
  try {
    return basename(await readlink(link));
  } catch {
    return null;
  }
}

/**
 * chdb takes the UUID behind the link metadata/default for its files database too, and then stops on finding it
 * twice. Without the link it takes a new one, and the engine makes the link anew.
 */
async function removeDatabaseLinks(enginePath: string): Promise<Map<string, string>> {
  const links = new Map<string, string>();
  for (const name of ['default', FILES_DATABASE]) {
    const link = join(enginePath, 'metadata', name);
    const isLink = await lstat(link).then(
      (found) => found.isSymbolicLink(),
      () => false,
    );
    if (!isLink) continue;
    links.set(link, await readlink(link));
    await rm(link);
  }
  return links;
}

async function restoreLinks(links: ReadonlyMap<string, string>): Promise<void> {
  for (const [link, target] of links) await symlink(target, link).catch(() => undefined);
}

/** chdb tells its reason on stderr only; the lock's owner stands in the file it locks. */
async function openFailure(enginePath: string, error: unknown): Promise<PipelineError> {
  const pid = await lockOwner(enginePath);
  if (pid === null) {
    return new PipelineError(
      'store_unavailable',
      `Cannot open the engine in ${enginePath}; its reason stands above. Correct that and start again.`,
      { path: enginePath },
      error,
    );
  }
  return new PipelineError(
    'data_dir_locked',
    `Process ${pid} has the engine in ${enginePath} open; stop it, or set PLUMBLINE_DATA_DIR to another directory.`,
    { path: enginePath, pid },
    error,
  );
}

/** Process id in the file `status`, if that process lives and is another one. */
async function lockOwner(enginePath: string): Promise<number | null> {
  const status = await readFile(join(enginePath, 'status'), 'utf8').catch(() => '');
  const pid = Number(/^PID: (\d+)$/m.exec(status)?.[1] ?? Number.NaN);
  if (!Number.isInteger(pid) || pid === process.pid) return null;
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? pid : null;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
