import { join } from 'node:path';
import type { Config } from './config.ts';
import type { Role } from './settings.ts';
import type { RoleScript } from './supervised-role.ts';

/** The engine runs each of its sessions on a thread of libuv's pool; the default of 4 would starve them. */
const ENGINE_THREAD_COUNT = 16;

/** Settings of other OpenTelemetry SDKs on this machine must not redirect our own exporters. */
function inheritedEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(OTEL_|PLUMBLINE_)/.test(name)));
}

/** The processes of a configuration. Their settings travel by message; the environment keeps only the rest. */
export function roleScripts(config: Config, env: NodeJS.ProcessEnv): RoleScript[] {
  const common = {
    ...inheritedEnv(env),
    // Compiled modules are kept: the second start saves a good part of parsing and stripping types.
    NODE_COMPILE_CACHE: join(config.dataDir, 'compile-cache'),
  };
  const ofRole: Partial<Record<Role, NodeJS.ProcessEnv>> = {
    store: { ...common, UV_THREADPOOL_SIZE: String(ENGINE_THREAD_COUNT) },
  };
  return config.roles.map((role) => ({
    role,
    path: join(import.meta.dirname, 'roles', `${role}.ts`),
    env: ofRole[role] ?? common,
  }));
}
