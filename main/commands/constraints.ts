import { Command } from 'commander';
import { PipelineError } from '../../core/errors.ts';
import { constraintJsonSchema } from '../../gates/constraints/json-schema.ts';
import { problemText } from '../../gates/constraints/problem.ts';
import {
  type ConstraintFileState,
  readConstraintFiles,
} from '../../gates/constraints/read-constraint-files.ts';
import { runTests, type TestResult } from '../../gates/trials/run-tests.ts';
import { examples, print } from '../client-flags.ts';

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
  const test = new Command('test')
    .description('run the tests that constraint files hold, by the rules of the gate; needs no server')
    .argument('<file...>', 'YAML files, or folders that hold them')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `\nExit codes: 0 all pass, 1 one fails or none was found, 2 a file has errors or cannot be read.\n${examples('constraints test deploy/constraints', 'constraints test --json checkout.yaml')}`,
    )
    .action((paths: readonly string[], flags: { json?: boolean }) => {
      const files = paths.flatMap(read);
      const problems = files.flatMap((file) => file.problems).filter(({ severity }) => severity === 'error');
      if (problems.length > 0) {
        const listed = problems.map(problemText).join('\n');
        throw new PipelineError('constraints_invalid', `Nothing was tested; correct first:\n${listed}`);
      }
      const results = runTests(files.flatMap(({ set }) => set ?? []));
      print(flags, { results }, () => testText(results));
      process.exitCode = results.length === 0 || results.some(({ isPassed }) => !isPassed) ? 1 : 0;
    });
  const schema = new Command('schema')
    .description('print the JSON Schema of constraint files, for editors; needs no server')
    .addHelpText('after', examples('constraints schema > schema.json'))
    .action(() => {
      process.stdout.write(`${JSON.stringify(constraintJsonSchema, null, 2)}\n`);
    });
  return new Command('constraints')
    .description('work with constraint files')
    .addCommand(lint)
    .addCommand(test)
    .addCommand(schema);
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

/** What was wanted beside what came, and why. */
function failureText({ file, name, expected, decision, reasons, fault }: TestResult): string[] {
  const wanted = [expected.decision, expected.reason].filter((part) => part !== undefined).join(', ');
  if (fault !== null) return [`FAILED ${file}: ${name}`, `  - ${wanted}`, `  + not asked: ${fault}`];
  const got = [decision, ...new Set(reasons.map(({ code }) => code))].join(', ');
  const why = reasons.map(({ code, constraint, text }) => `      ${text} [${code}, ${constraint}]`);
  return [`FAILED ${file}: ${name}`, `  - ${wanted}`, `  + ${got}`, ...why];
}

function testText(results: readonly TestResult[]): string {
  if (results.length === 0) return 'No tests: write them under `tests` of a constraint file.\n';
  const failed = results.filter(({ isPassed }) => !isPassed);
  const lines = [
    ...failed.flatMap(failureText),
    `${results.length - failed.length} passed, ${failed.length} failed.`,
  ];
  return `${lines.join('\n')}\n`;
}
