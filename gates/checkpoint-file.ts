import { existsSync, readFileSync, truncateSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type PublicKey, parsePublicKeys } from './receipts/public-key.ts';
import { openNote } from './receipts/signed-note.ts';
import { parseTreeHead, type TreeHead } from './receipts/tree-head.ts';

/** A signed state of the ledger as it stands in the file. */
export interface StoredCheckpoint extends TreeHead {
  readonly note: string;
}

interface CheckpointFile {
  /** As many as stand whole at its start, oldest first. */
  readonly checkpoints: readonly StoredCheckpoint[];
  readonly endBytes: number;
  /** What follows them; a crash leaves the beginning of the next one, and nothing else does. */
  readonly rest: 'nothing' | 'torn' | 'damaged';
}

/**
 * One signature and no extensions: as we write it, and not a byte else. Each piece whole, and cut off anywhere.
 * UTF-8 seen as Latin 1: offsets are bytes.
 */
const PIECES: readonly (readonly [whole: string, cut: string])[] = [
  ['[^\\n]+', '[^\\n]+'],
  ['\\n', ''],
  ['\\d{1,16}', '\\d{0,16}'],
  ['\\n', ''],
  ['[A-Za-z0-9+/]{43}=', '[A-Za-z0-9+/]{0,43}'],
  ['\\n\\n', '\\n?'],
  ['\\xe2\\x80\\x94 ', '(?:\\xe2(?:\\x80\\x94?)?)?'],
  ['[^\\s+]+', '[^\\s+]*'],
  [' ', ''],
  ['[A-Za-z0-9+/]{91}=', '[A-Za-z0-9+/]{0,91}'],
  ['\\n', ''],
  ['\\n', ''],
];
const WRITTEN = new RegExp(PIECES.map(([whole]) => whole).join(''), 'y');
const TORN = new RegExp(`^${PIECES.reduceRight((rest, [whole, cut]) => `(?:${cut}|${whole}${rest})`, '')}$`);

export function checkpointsPath(folder: string): string {
  return join(folder, 'checkpoints');
}

function keysPath(folder: string): string {
  return join(folder, 'verifier-keys');
}

export function readCheckpointFile(folder: string): CheckpointFile {
  const path = checkpointsPath(folder);
  const text = existsSync(path) ? readFileSync(path, 'latin1') : '';
  const checkpoints: StoredCheckpoint[] = [];
  WRITTEN.lastIndex = 0;
  let endBytes = 0;
  for (let match = WRITTEN.exec(text); match !== null; match = WRITTEN.exec(text)) {
    // Each note is followed by an empty line.
    const note = Buffer.from(match[0].slice(0, -1), 'latin1').toString();
    const head = parseTreeHead(note.slice(0, note.indexOf('\n\n') + 1));
    if (head === null) break;
    checkpoints.push({ ...head, note });
    endBytes = WRITTEN.lastIndex;
  }
  const rest = text.slice(endBytes);
  return { checkpoints, endBytes, rest: rest === '' ? 'nothing' : TORN.test(rest) ? 'torn' : 'damaged' };
}

/** On disk before this returns. */
export async function appendCheckpoint(folder: string, note: string): Promise<void> {
  await appendDurably(checkpointsPath(folder), `${note}\n`);
}

/** What a crash cut off was never given to anybody. */
export function cutTornCheckpoint(folder: string): void {
  const { endBytes, rest } = readCheckpointFile(folder);
  if (rest === 'torn') truncateSync(checkpointsPath(folder), endBytes);
}

/** Public keys that ever signed here, with a line for each in the file `verifier-keys`. */
export function readVerifierKeys(folder: string): PublicKey[] {
  const path = keysPath(folder);
  if (!existsSync(path)) return [];
  try {
    return parsePublicKeys(readFileSync(path, 'utf8'));
  } catch {
    return []; // then no signature verifies, and that is said
  }
}

export async function addVerifierKey(folder: string, line: string): Promise<void> {
  const path = keysPath(folder);
  const known = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  if (!known.includes(line)) await appendDurably(path, `${line}\n`);
}

/** Why a checkpoint is none of ours; null when a known key signed exactly this for this ledger. */
export function signatureProblem(
  { note, origin }: StoredCheckpoint,
  keys: readonly PublicKey[],
): string | null {
  const opened = openNote(note, keys);
  if ('problem' in opened) return opened.problem;
  return opened.signer.name === origin ? null : `is of ${origin}, but signed by ${opened.signer.name}`;
}

async function appendDurably(path: string, text: string): Promise<void> {
  let file: FileHandle | null = null;
  try {
    file = await open(path, 'a');
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file?.close();
  }
}
