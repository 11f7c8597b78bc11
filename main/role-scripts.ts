import { getCompileCacheDir } from 'node:module';
import { dirname, join } from 'node:path';
import { ENGINE_ENV } from '../store/engine/engine-env.ts';
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
 * V8 makes objects directly in its old space where those made there before outlived a collection, as all do that wait
 * for an answer in a burst. From then on every question has such objects, and each keeps all that it points to, the whole
 * request, through every young collection: 8 MB of 50, and pauses of 10 ms instead of 1 to 3.
 */
const V8_OPTIONS: Partial<Readonly<Record<Role, readonly string[]>>> = {
  api: ['--no-allocation-site-pretenuring'],
};

/** The processes of a configuration. Their settings travel by message; the environment keeps only the rest. */
export function roleScripts(config: Config, env: NodeJS.ProcessEnv): RoleScript[] {
  const common = {
    ...inheritedEnv(env),
    NODE_COMPILE_CACHE: compileCache(config.dataDir),
  };
  const ofRole: Partial<Record<Role, NodeJS.ProcessEnv>> = {
    store: { ...common, ...ENGINE_ENV },
  };
  return config.roles.map((role) => ({
    role,
    path: join(import.meta.dirname, 'roles', `${role}.ts`),
    env: ofRole[role] ?? common,
    execArgv: V8_OPTIONS[role] ?? [],
  }));
}
