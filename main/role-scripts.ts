import { getCompileCacheDir } from 'node:module';
import { dirname, join } from 'node:path';
import { ENGINE_THREADS } from '../store/engine/engine-threads.ts';
import type { Config } from './config.ts';
import type { Role } from './settings.ts';
import type { RoleScript } from './supervised-role.ts';

/** Settings of other OpenTelemetry SDKs on this machine must not redirect our own exporters. */
function inheritedEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(OTEL_|PLUMBLINE_)/.test(name)));
}

/** Where compiled modules are kept, so that the second start need not strip types and compile again. */
function compileCache(dataDir: string): string {
  // Node adds a folder for its version. None when node_modules cannot be written, as in a container.
  const own = getCompileCacheDir();
  return own === undefined ? join(dataDir, 'compile-cache') : dirname(own);
}

/**
 * Memory that the engine is done with goes back after a second, not after five: a batch of 256,000 rows is written
 * every second or two, and each would otherwise add to what the last ones left (0.8 instead of 1.1 GB at full load,
 * for no measurable CPU time; at once, by 0, costs half as much again).
 */
const ENGINE_MALLOC = 'dirty_decay_ms:1000,muzzy_decay_ms:0';

/** The processes of a configuration. Their settings travel by message; the environment keeps only the rest. */
export function roleScripts(config: Config, env: NodeJS.ProcessEnv): RoleScript[] {
  const common = {
    ...inheritedEnv(env),
    NODE_COMPILE_CACHE: compileCache(config.dataDir),
  };
  const ofRole: Partial<Record<Role, NodeJS.ProcessEnv>> = {
    store: { ...common, UV_THREADPOOL_SIZE: String(ENGINE_THREADS), JE_MALLOC_CONF: ENGINE_MALLOC },
  };
  return config.roles.map((role) => ({
    role,
    path: join(import.meta.dirname, 'roles', `${role}.ts`),
    env: ofRole[role] ?? common,
  }));
}
