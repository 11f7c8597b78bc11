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

runRole(role, async (_config, { meter, news, tellNews }) => {
  note(`starts ${process.pid}`);
  if (behaviour === 'port-taken') {
    throw new PipelineError('port_taken', 'Port 4318 is taken: set PLUMBLINE_OTLP_HTTP_PORT to another.');
  }
  if (behaviour === 'system-error') throw Object.assign(new Error('write failed'), { code: 'ENOSPC' });
  meter.createCounter('fake.items', { description: 'Counted by the fake' }).add(role.length);
  const ended = new AbortController();
  if (behaviour === 'stores') setInterval(() => tellNews('stored'), 50).unref();
  if (behaviour === 'judges') setInterval(() => tellNews('judged'), 50).unref();
  if (behaviour === 'hears')
    for (const [of, told] of Object.entries(news))
      void told.within(60_000, ended.signal).then((isTold) => note(`hears ${of} ${isTold}`));
  return {
    close: async () => {
      ended.abort();
      note('closes');
      if (behaviour === 'hangs') await new Promise(() => setInterval(() => {}, 1000));
      note('closed');
    },
  };
});
