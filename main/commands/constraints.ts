import { Command } from 'commander';
import { PipelineError } from '../../core/errors.ts';
import { problemText } from '../../gates/constraints/problem.ts';
import {
  type ConstraintFileState,
  readConstraintFiles,
} from '../../gates/constraints/read-constraint-files.ts';
import { examples, print } from '../client-flags.ts';
import { constraintsPrecisionCommand } from './constraints-precision.ts';

export function constraintsCommand(): Command {
  const lint = new Command('lint')
    .description('check constraint files or folders of them; needs no server')
    .argument('<file...>', 'YAML files, or folders that hold them')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `\nExit codes: 0 no errors, 1 errors, 2 a file cannot be read.\n${examples('constraints lint demo/constraints.yaml', 'constraints lint --json constraints/')}`,
    )
    .action((paths: readonly string[], flags: { json?: boolean }) => {
      const files = paths.flatMap(read);
      const problems = files.flatMap((file) => file.problems);
      const errorCount = problems.filter(({ severity }) => severity === 'error').length;
      print(flags, { files: files.map(({ file }) => file), problems }, () => lintText(files, errorCount));
      process.exitCode = errorCount > 0 ? 1 : 0;
    });
  return new Command('constraints')
    .description('work with constraint files')
    .addCommand(lint)
    .addCommand(constraintsPrecisionCommand());
}

function read(path: string): ConstraintFileState[] {
  let files: ConstraintFileState[];
  try {
    files = readConstraintFiles(path, Date.now());
  } catch (error) {
    const text = `${path} cannot be read: ${(error as Error).message}.`;
    throw new PipelineError('constraints_invalid', text, { path }, error);
  }
  // A folder without files would pass every check: that is a mistake in the path.
  if (files.length > 0) return files;
  throw new PipelineError('constraints_invalid', `${path} holds no *.yaml file: check the path.`, { path });
}

function lintText(files: readonly ConstraintFileState[], errorCount: number): string {
  const lines = files.flatMap(({ problems }) =>
    problems.map((problem) => `${problem.severity}: ${problemText(problem)}`),
  );
  return `${[...lines, `${files.length} checked, ${errorCount} errors.`].join('\n')}\n`;
}
