import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The Collector's own builder, of the release that the manifest names. */
const BUILDER = 'go.opentelemetry.io/collector/cmd/builder@v0.165.0';
const MANIFEST = join(import.meta.dirname, 'collector-builder.yaml');
const CACHE = join(import.meta.dirname, '../../node_modules/.cache/plumbline-bench');
/** Four minutes of two cores when Go has nothing cached yet. */
const BUILD_MS_MAX = 1_200_000;

const run = promisify(execFile);

export type CollectorBuild = { readonly binary: string } | { readonly missing: string };

/**
 * The Collector of collector-builder.yaml: built from its Go modules at the first call, which takes minutes, and
 * again only when the manifest changes.
 * @returns where it is, or in one sentence why there is none
 */
export async function buildCollector(): Promise<CollectorBuild> {
  const recipe = createHash('sha256')
    .update(BUILDER)
    .update(await readFile(MANIFEST));
  const binary = join(CACHE, `collector-${recipe.digest('hex').slice(0, 12)}`);
  if (existsSync(binary)) return { binary };
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'building-'));
  try {
    await run('go', ['run', BUILDER, '--config', MANIFEST], { cwd: folder, timeout: BUILD_MS_MAX });
    await rename(join(folder, 'collector'), binary);
    return { binary };
  } catch (error) {
    return { missing: reasonOf(error as BuildError) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface BuildError extends NodeJS.ErrnoException {
  readonly stderr?: string;
  readonly killed?: boolean;
}

function reasonOf({ code, stderr = '', killed = false, message }: BuildError): string {
  if (code === 'ENOENT') return 'Go is not installed, and the Collector is built from its Go modules.';
  if (killed) return `the build of the Collector was not done after ${BUILD_MS_MAX / 60_000} minutes.`;
  // `go run` ends with the status of what it ran; the line before says why.
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('exit status'));
  return `the Collector could not be built: ${lines.at(-1) ?? message}`;
}
