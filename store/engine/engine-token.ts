import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '../../core/errors.ts';

/**
 * The internal token of an embedded engine: whoever can read `<dataDir>/engine-token` may write. Made once, with
 * mode 0600; two processes that start together agree on the one that was written first.
 * @returns 43 characters of base64url
 * @throws PipelineError data_dir_unwritable
 */
export async function readOrCreateEngineToken(dataDir: string): Promise<string> {
  const path = join(dataDir, 'engine-token');
  try {
    await mkdir(dataDir, { recursive: true });
    return (await readToken(path)) ?? (await createToken(path));
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    throw new PipelineError(
      'data_dir_unwritable',
      `Cannot read or write ${path}; make the data directory writable for this user, or set PLUMBLINE_DATA_DIR.`,
      { path },
      error,
    );
  }
}

async function readToken(path: string): Promise<string | null> {
  try {
    const token = (await readFile(path, 'utf8')).trim();
    return /^[\w-]{43}$/.test(token) ? token : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Written whole beside its place and linked there: a reader never sees half a token, and the first one wins. */
async function createToken(path: string): Promise<string> {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  const token = await readToken(path);
  if (token === null) {
    const message = `${path} holds no token of ours; delete it and start again, and a new one is made.`;
    throw new PipelineError('data_dir_unwritable', message, { path });
  }
  return token;
}
