import { Command, CommanderError } from 'commander';
import { explainFailure } from './explain-failure.ts';
import { VERSION } from './version.ts';

const program = new Command('plumbline')
  .description('Verified telemetry, gates for autonomous actors, drift reports.')
  .version(VERSION)
  .showSuggestionAfterError()
  .enablePositionalOptions()
  .exitOverride();

/** By name; of those not called nothing is loaded: `findings` then starts in 0.3 s instead of 0.45 s. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./commands/serve.ts')).serveCommand(),
  demo: async () => (await import('./commands/demo.ts')).demoCommand(),
  ask: async () => (await import('./commands/ask.ts')).askCommand(),
  approve: async () => (await import('./commands/approve.ts')).approveCommand(),
  incident: async () => (await import('./commands/incident.ts')).incidentCommand(),
  findings: async () => (await import('./commands/findings.ts')).findingsCommand(),
  report: async () => (await import('./commands/report.ts')).reportCommand(),
  reference: async () => (await import('./commands/reference.ts')).referenceCommand(),
  change: async () => (await import('./commands/change.ts')).changeCommand(),
  coverage: async () => (await import('./commands/coverage.ts')).coverageCommand(),
  verdicts: async () => (await import('./commands/verdicts.ts')).verdictsCommand(),
  verdict: async () => (await import('./commands/verdict.ts')).verdictCommand(),
  sources: async () => (await import('./commands/sources.ts')).sourcesCommand(),
  replay: async () => (await import('./commands/replay.ts')).replayCommand(),
  constraints: async () => (await import('./commands/constraints.ts')).constraintsCommand(),
  failmodes: async () => (await import('./commands/failmodes.ts')).failmodesCommand(),
  ledger: async () => (await import('./commands/ledger.ts')).ledgerCommand(),
  receipt: async () => (await import('./commands/receipt.ts')).receiptCommand(),
  key: async () => (await import('./commands/key.ts')).keyCommand(),
  'keda-pause': async () => (await import('./commands/keda-pause.ts')).kedaPauseCommand(),
  spool: async () => (await import('./commands/spool.ts')).spoolCommand(),
  sql: async () => (await import('./commands/sql.ts')).sqlCommand(),
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand(),
};
const word = process.argv[2] ?? '';
// Help and a wrong word need to know them all.
const names = Object.hasOwn(COMMANDS, word) ? [word] : Object.keys(COMMANDS);
for (const name of names) {
  const command = await (COMMANDS[name] as () => Promise<Command>)();
  program.addCommand(command.copyInheritedSettings(program));
}

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
