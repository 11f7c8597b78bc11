import { Command } from 'commander';
import { examples } from '../client-flags.ts';

export function serveCommand(): Command {
  return new Command('serve')
    .description('run the server in the foreground: all roles, or those of PLUMBLINE_ROLES')
    .addHelpText('after', `${SERVE_HELP}${examples('serve', 'serve & plumbline doctor')}`)
    .action(async () => {
      const { serve } = await import('../serve.ts');
      await serve(process.env, process.cwd());
    });
}

const SERVE_HELP = `
Everything is set by the environment or by plumbline.yaml in the current folder (PLUMBLINE_API_PORT there is
apiPort). SIGTERM and SIGINT drain and end it within 15 s.

Exit codes: 0 stopped by a signal, 2 configuration, 3 port taken, 4 data directory in use, 5 data directory not
writable, 6 disk full, 1 anything else.
`;
