import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { PipelineError } from '../../core/errors.ts';
import { type PublicKey, parsePublicKey } from './public-key.ts';

const APPROVERS = z
  .array(z.strictObject({ name: z.string().trim().min(1).max(200), publicKey: z.string().min(1) }))
  .min(1, 'it names nobody');

/** People whose signature is asked for, by name. */
export type Approvers = ReadonlyMap<string, readonly PublicKey[]>;

/**
 * Reads the list `{name, publicKey}` in YAML or JSON. A person may have several keys.
 * @throws PipelineError config_invalid: with a list that cannot be read nobody may approve anything
 */
export function readApprovers(path: string): Approvers {
  const refuse = (why: string, cause?: unknown) =>
    new PipelineError(
      'config_invalid',
      `${path} is no list of approvers (${why}): write "- {name: anna, publicKey: …}" for each, with the line that "plumbline key new" prints.`,
      { path },
      cause,
    );
  let listed: z.output<typeof APPROVERS>;
  try {
    listed = APPROVERS.parse(parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? (cause.issues[0]?.message ?? '') : (cause as Error).message;
    throw refuse(why, cause);
  }
  const approvers = new Map<string, PublicKey[]>();
  for (const { name, publicKey } of listed) {
    let key: PublicKey;
    try {
      key = parsePublicKey(publicKey, 'approver');
    } catch (cause) {
      throw refuse(`the key of ${name}: ${(cause as Error).message}`, cause);
    }
    approvers.set(name, [...(approvers.get(name) ?? []), key]);
  }
  return approvers;
}
