import { type Check, fail, ok, warn } from './check.ts';
import type { Sample } from './read-metrics.ts';

const READY = 'plumbline_role_ready';
const RESTARTS = 'plumbline_role_restarts_total';

/** Every role's process is ready, and has not been ending unasked. */
export function checkRoles(samples: readonly Sample[]): Check[] {
  const restartsOf = (role: string | undefined): number =>
    samples.find(({ name, labels }) => name === RESTARTS && labels['plumbline_role'] === role)?.value ?? 0;
  return samples
    .filter(({ name }) => name === READY)
    .map(({ labels, value }): Check => {
      const role = labels['plumbline_role'];
      const name = `${role} role`;
      if (value !== 1) return fail(name, 'is not ready', 'see the lines the server wrote about it');
      const restartCount = restartsOf(role);
      if (restartCount === 0) return ok(name, 'ready');
      return warn(
        name,
        `ready, after ending unasked ${restartCount} times`,
        'see the lines the server wrote about it',
      );
    });
}
