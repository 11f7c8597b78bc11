import { join } from 'node:path';
import { Command, Option } from 'commander';
import { SIGNALS, type Signal } from '../../core/signal.ts';
import { rfc3339 } from '../../core/time.ts';
import type { SetAside } from '../../ingest/open-spool-files.ts';
import type { PutBack } from '../../ingest/put-back.ts';
import { examples, print } from '../client-flags.ts';
import { takeDataDir, takeRole } from '../data-dir.ts';
import { readOwnConfig } from '../server-addresses.ts';
import { textTable } from '../text-table.ts';

interface Flags {
  readonly json?: boolean;
  readonly signal?: Signal;
  readonly seq?: number;
}

export function spoolCommand(): Command {
  return new Command('spool')
    .description('look at requests that were set aside because the store refuses them, and put them back')
    .addCommand(listCommand())
    .addCommand(putBackCommand());
}

function listCommand(): Command {
  return new Command('list')
    .description('list them with their reasons; works beside a running server')
    .option('--json', 'print JSON')
    .addHelpText('after', examples('spool list', 'spool list --json'))
    .action(async (flags: Flags) => {
      const { readSetAsideOf } = await import('../../ingest/read-set-aside.ts');
      const setAside = await readSetAsideOf(spoolFolder());
      print(flags, { setAside }, () => listText(setAside));
    });
}

function putBackCommand(): Command {
  return new Command('put-back')
    .description('put them back into the spool of a stopped server; its next start stores them')
    .addOption(new Option('--signal <signal>', 'only those of one signal').choices(SIGNALS))
    .option('--seq <number>', 'only the one with this number', Number)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `${PUT_BACK_HELP}${examples('spool put-back', 'spool put-back --signal logs --seq 812')}`,
    )
    .action(async ({ json, signal, seq }: Flags) => {
      const { putBack } = await import('../../ingest/put-back.ts');
      const { dataDir } = readOwnConfig();
      const lock = takeDataDir(dataDir);
      try {
        takeRole({ dataDir, role: 'ingest', waitMs: 1_000 }); // it may outlive its supervisor for a moment
        const wanted = (request: SetAside) =>
          (signal ?? request.signal) === request.signal && (seq ?? request.seq) === request.seq;
        const done = await putBack(spoolFolder(), wanted);
        print({ json: json === true }, { putBack: done }, () => putBackText(done));
        process.exitCode = done.some(({ stays }) => stays !== null) ? 1 : 0;
      } finally {
        lock.release();
      }
    });
}

const PUT_BACK_HELP = `
Mend the cause first (the reason names ClickHouse's code). What is refused again is set aside again.
Nothing counts twice: tables that took a request's rows before are left out.

Exit codes: 0 all were put back, 1 some stay aside, 4 the server runs.
`;

function spoolFolder(): string {
  return join(readOwnConfig().dataDir, 'spool');
}

function listText(setAside: readonly SetAside[]): string {
  if (setAside.length === 0) return 'Nothing is set aside: the store took every request.\n';
  const rows = setAside.map(({ signal, seq, atMs, reason, detail }) => [
    signal,
    String(seq),
    rfc3339(atMs),
    reason,
    detail.split('\n', 1)[0] ?? '',
  ]);
  return textTable(['SIGNAL', 'SEQ', 'SET ASIDE', 'REASON', 'DETAIL'], rows);
}

function putBackText(done: readonly PutBack[]): string {
  if (done.length === 0) return 'Nothing of that is set aside.\n';
  const staying = done.filter(({ stays }) => stays !== null);
  const lines = staying.map(({ request, stays }) => `  ${request.signal} ${request.seq}: ${stays}\n`);
  const head = `${done.length - staying.length} requests were put back; the next start stores them.\n`;
  return staying.length === 0 ? head : `${head}${staying.length} stay aside:\n${lines.join('')}`;
}
