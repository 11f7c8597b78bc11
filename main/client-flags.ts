import type { Command } from 'commander';
import { type ApiClient, createApiClient } from './api-client.ts';
import { readOwnConfig, serverAddresses } from './server-addresses.ts';

export interface ClientFlags {
  readonly json?: boolean;
  readonly api?: string;
  readonly key?: string;
}

/** Flags of every command that talks to a running server. */
export function withClientFlags(command: Command): Command {
  return command
    .option('--json', 'print JSON')
    .option('--api <url>', 'the server to ask (default: PLUMBLINE_API_URL, else the one of this folder)')
    .option('--key <key>', 'bearer key (default: the first of PLUMBLINE_KEYS)');
}

export function connectApi(flags: ClientFlags, timeoutMs?: number): ApiClient {
  const config = readOwnConfig();
  return createApiClient({
    url: (flags.api ?? serverAddresses(config).apiUrl).replace(/\/+$/, ''),
    key: flags.key ?? config.keys[0],
    timeoutMs,
  });
}

/** JSON for machines, text for people. */
export function print(flags: { readonly json?: boolean }, value: unknown, text: () => string): void {
  process.stdout.write(flags.json === true ? `${JSON.stringify(value, null, 2)}\n` : text());
}

/** `Examples:` under the help of a command. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ plumbline ${line}`).join('\n')}`;
}
