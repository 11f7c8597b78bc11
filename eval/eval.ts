import { Command, CommanderError } from 'commander';
import { explainFailure } from '../main/explain-failure.ts';
import { calibrationCommand } from './commands/calibration.ts';
import { changepointsCommand } from './commands/changepoints.ts';
import { detectionCommand } from './commands/detection.ts';
import { driftCommand } from './commands/drift.ts';
import { driftScoreboardCommand } from './commands/drift-scoreboard.ts';
import { replayCommand } from './commands/replay.ts';
import { samplingStreamsCommand } from './commands/sampling-streams.ts';
import { samplingVectorsCommand } from './commands/sampling-vectors.ts';
import { scoreboardCommand } from './commands/scoreboard.ts';
import { stateHoldingCommand } from './commands/state-holding.ts';

/** `npm run -s eval -- SECTION`: accuracy, measured like speed. */
const program = new Command('eval')
  .description(
    'Measures how right Plumbline is: the same checks as live, held against what is known to be true.',
  )
  .usage('SECTION [options]')
  .showSuggestionAfterError()
  .exitOverride();

for (const command of [
  calibrationCommand(),
  changepointsCommand(),
  detectionCommand(),
  driftCommand(),
  driftScoreboardCommand(),
  replayCommand(),
  samplingStreamsCommand(),
  samplingVectorsCommand(),
  scoreboardCommand(),
  stateHoldingCommand(),
]) {
  program.addCommand(command.copyInheritedSettings(program));
}

try {
  // Without a section, the scoreboard; as commander's default it would take a misspelt section for its own.
  const named = process.argv.slice(2);
  await program.parseAsync(named.length === 0 ? ['scoreboard'] : named, { from: 'user' });
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
