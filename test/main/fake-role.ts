import { appendFileSync } from 'node:fs';
import { PipelineError } from '../../core/errors.ts';
import { runRole } from '../../main/role-process.ts';
import type { Role } from '../../main/settings.ts';

// A role that does what FAKE_<ROLE> says; only failures that real roles cannot be talked into.
const role = process.env['FAKE_ROLE'] as Role;
const behaviour = process.env[`FAKE_${role.toUpperCase()}`] ?? '';
const diary = process.env['FAKE_DIARY'] as string;

const note = (text: string): void => appendFileSync(diary, `${role} ${text}\n`);

if (behaviour === 'dies-at-once') process.exit(7);

runRole(role, async (_config, { meter, storedNews, tellStored }) => {
  note(`starts ${process.pid}`);
  if (behaviour === 'port-taken') {
    throw new PipelineError('port_taken', 'Port 4318 is taken: set PLUMBLINE_OTLP_HTTP_PORT to another.');
  }
  if (behaviour === 'system-error') throw Object.assign(new Error('write failed'), { code: 'ENOSPC' });
  meter.createCounter('fake.items', { description: 'Counted by the fake' }).add(role.length);
  const ended = new AbortController();
  if (behaviour === 'stores') setInterval(tellStored, 50).unref();
  if (behaviour === 'hears')
    void storedNews.within(60_000, ended.signal).then((told) => note(`hears ${told}`));
  return {
    close: async () => {
      ended.abort();
      note('closes');
      if (behaviour === 'hangs') await new Promise(() => setInterval(() => {}, 1000));
      note('closed');
    },
  };
});
