import { userInfo } from 'node:os';
import { Command } from 'commander';
import { PipelineError } from '../../core/errors.ts';
import { verifierLine } from '../../gates/receipts/public-key.ts';
import { makeSigningKey } from '../../gates/receipts/signing-key.ts';
import { examples, print } from '../client-flags.ts';

export function keyCommand(): Command {
  const create = new Command('new')
    .description('make a private key for a person, and print its public half')
    .argument('<file>', 'new file for the private key; only its owner may read it')
    .option('--name <name>', 'whose key it is', userInfo().username)
    .option('--json', 'print JSON')
    .addHelpText('after', examples('key new ~/.plumbline.key --name ada'))
    .action((file: string, flags: { name: string; json?: boolean }) => {
      const { name } = flags;
      if (!/^[^\s+]+$/.test(name)) {
        const text = `"${name}" is no name for a key: no blanks and no plus signs.`;
        throw new PipelineError('request_invalid', text);
      }
      const publicKey = verifierLine(makeSigningKey(file, name).public);
      print(
        flags,
        { name, publicKey, file },
        () =>
          `${file} holds the private key. For PLUMBLINE_APPROVERS_FILE:\n- {name: ${name}, publicKey: "${publicKey}"}\nFor keys in a constraint file:\n- {id: ${name}, publicKey: "${publicKey}"}\n`,
      );
    });
  return new Command('key').description('work with keys of people').addCommand(create);
}
