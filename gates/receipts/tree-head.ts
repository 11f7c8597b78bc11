/** The state of a ledger that a checkpoint signs. @see https://c2sp.org/tlog-checkpoint */
export interface TreeHead {
  /** Which ledger. */
  readonly origin: string;
  /** How many lines. */
  readonly size: number;
  /** Base64 of the root of the Merkle tree over them. */
  readonly root: string;
}

const TEXT = /^([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*$/;

export function treeHeadText({ origin, size, root }: TreeHead): string {
  return `${origin}\n${size}\n${root}\n`;
}

/** Null when the text of a note is no checkpoint. */
export function parseTreeHead(text: string): TreeHead | null {
  const match = TEXT.exec(text);
  return match === null ? null : { origin: String(match[1]), size: Number(match[2]), root: String(match[3]) };
}
