import { Command, CommanderError } from 'commander';
import { approveCommand } from './commands/approve.ts';
import { askCommand } from './commands/ask.ts';
import { changeCommand } from './commands/change.ts';
import { constraintsCommand } from './commands/constraints.ts';
import { coverageCommand } from './commands/coverage.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { failmodesCommand } from './commands/failmodes.ts';
import { findingsCommand } from './commands/findings.ts';
import { incidentCommand } from './commands/incident.ts';
import { kedaPauseCommand } from './commands/keda-pause.ts';
import { keyCommand } from './commands/key.ts';
import { ledgerCommand } from './commands/ledger.ts';
import { receiptCommand } from './commands/receipt.ts';
import { referenceCommand } from './commands/reference.ts';
import { replayCommand } from './commands/replay.ts';
import { reportCommand } from './commands/report.ts';
import { serveCommand } from './commands/serve.ts';
import { sourcesCommand } from './commands/sources.ts';
import { spoolCommand } from './commands/spool.ts';
import { sqlCommand } from './commands/sql.ts';
import { verdictCommand } from './commands/verdict.ts';
import { verdictsCommand } from './commands/verdicts.ts';
import { explainFailure } from './explain-failure.ts';
import { VERSION } from './version.ts';

const program = new Command('plumbline')
  .description('Verified telemetry, gates for autonomous actors, drift reports.')
  .version(VERSION)
  .showSuggestionAfterError()
  .enablePositionalOptions()
  .exitOverride();

const commands = [
  serveCommand(),
  demoCommand(),
  askCommand(),
  approveCommand(),
  incidentCommand(),
  findingsCommand(),
  reportCommand(),
  referenceCommand(),
  changeCommand(),
  coverageCommand(),
  verdictsCommand(),
  verdictCommand(),
  sourcesCommand(),
  replayCommand(),
  constraintsCommand(),
  failmodesCommand(),
  ledgerCommand(),
  receiptCommand(),
  keyCommand(),
  kedaPauseCommand(),
  spoolCommand(),
  sqlCommand(),
  doctorCommand(),
];
for (const command of commands) program.addCommand(command.copyInheritedSettings(program));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError)
    process.exitCode = error.exitCode; // commander has said why
  else {
    const { code, text, exitCode } = explainFailure(error);
    const wantsJson = process.argv.includes('--json');
    console.error(wantsJson ? JSON.stringify({ error: { code, message: text } }) : `plumbline: ${text}`);
    process.exitCode = exitCode;
  }
}
