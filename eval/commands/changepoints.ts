import { Command } from 'commander';
import { predictSeries } from '../changepoints/predict-series.ts';
import { readSeries } from '../changepoints/read-series.ts';

export function changepointsCommand(): Command {
  return new Command('changepoints')
    .description('change points and alarms of the series of a folder, one JSON object by name')
    .argument('[DIR]', 'series files (.json); their annotations and labels are not read')
    .addHelpText('after', '\nExamples:\n  npm run -s eval -- changepoints ./series > predictions.json\n')
    .action(run);
}

async function run(folder: string | undefined): Promise<void> {
  const files = await readSeries(folder);
  const predictions = Object.fromEntries(files.map((file) => [file.name, predictSeries(file)]));
  process.stdout.write(`${JSON.stringify(predictions)}\n`);
}
