import { Command, CommanderError } from 'commander';
import { explainFailure } from '../main/explain-failure.ts';

/** `npm run -s eval -- SECTION`: accuracy, measured like speed. */
const program = new Command('eval')
  .description(
    'Measures how right Plumbline is: the same checks as live, held against what is known to be true.',
  )
  .usage('SECTION [options]')
  .showSuggestionAfterError()
  .exitOverride();

/** By name; of those not called nothing is loaded. */
const SECTIONS: Readonly<Record<string, () => Promise<Command>>> = {
  calibration: async () => (await import('./commands/calibration.ts')).calibrationCommand(),
  changepoints: async () => (await import('./commands/changepoints.ts')).changepointsCommand(),
  detection: async () => (await import('./commands/detection.ts')).detectionCommand(),
  drift: async () => (await import('./commands/drift.ts')).driftCommand(),
  'drift-scoreboard': async () => (await import('./commands/drift-scoreboard.ts')).driftScoreboardCommand(),
  replay: async () => (await import('./commands/replay.ts')).replayCommand(),
  'sampling-streams': async () => (await import('./commands/sampling-streams.ts')).samplingStreamsCommand(),
  'sampling-vectors': async () => (await import('./commands/sampling-vectors.ts')).samplingVectorsCommand(),
  scoreboard: async () => (await import('./commands/scoreboard.ts')).scoreboardCommand(),
  'state-holding': async () => (await import('./commands/state-holding.ts')).stateHoldingCommand(),
};
// Without a section, the scoreboard; as commander's default it would take a misspelt section for its own.
const asked = process.argv.length > 2 ? process.argv.slice(2) : ['scoreboard'];
const word = asked[0] as string;
// Help and a wrong word need to know them all.
const names = Object.hasOwn(SECTIONS, word) ? [word] : Object.keys(SECTIONS);
for (const name of names) {
  const command = await (SECTIONS[name] as () => Promise<Command>)();
  program.addCommand(command.copyInheritedSettings(program));
}

try {
  await program.parseAsync(asked, { from: 'user' });
} catch (error) {
  if (error instanceof CommanderError) {
    // commander has said why; what was asked wrongly ends with 2, as in every command of ours.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    const { text, exitCode } = explainFailure(error);
    console.error(`eval: ${text}`);
    process.exitCode = exitCode;
  }
}
