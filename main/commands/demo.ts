import { Command } from 'commander';
import { PipelineError } from '../../core/errors.ts';
import { examples } from '../client-flags.ts';
import { readOwnConfig } from '../server-addresses.ts';

export function demoCommand(): Command {
  const fault = new Command('fault')
    .description("switch a fault of the running demo's shop")
    .argument('<name>', 'name of the fault, as the demo lists them')
    .argument('<on|off>')
    .addHelpText('after', examples('demo fault lose on', 'demo fault lose off'))
    .action(async (name: string, state: string) => {
      process.stdout.write(`${await switchFault(name, state)}\n`);
    });
  return new Command('demo')
    .description('run the server and a simulated shop whose telemetry can be broken on purpose')
    .option('--attach', 'do not start a server: use the one that runs (PLUMBLINE_API_URL)')
    .addHelpText('after', examples('demo', 'demo fault lose on', 'demo --attach'))
    .addCommand(fault)
    .action(async (flags: { attach?: boolean }) => {
      const { demo } = await import('../demo.ts');
      await demo(process.env, process.cwd(), flags.attach === true);
    });
}

async function switchFault(name: string, state: string): Promise<string> {
  if (state !== 'on' && state !== 'off') {
    throw new PipelineError('request_invalid', `"${state}" is neither on nor off.`);
  }
  const { demoPort } = readOwnConfig();
  let response: Response;
  try {
    response = await fetch(`http://127.0.0.1:${demoPort}/faults/${encodeURIComponent(name)}/${state}`, {
      method: 'POST',
    });
  } catch (error) {
    const text = `No demo answers on port ${demoPort}: start one with "npm run demo".`;
    throw new PipelineError('api_unavailable', text, { port: demoPort }, error);
  }
  const body = (await response.json()) as { error?: string };
  if (!response.ok) throw new PipelineError('not_found', `${name}: ${body.error ?? 'no such fault'}`);
  return `${name} is ${state}`;
}
