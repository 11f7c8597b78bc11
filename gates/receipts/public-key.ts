import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';

/** An Ed25519 public key with the name of whoever signs with it. */
export interface PublicKey {
  readonly name: string;
  /** RFC 7638 thumbprint: the same key has the same id, whatever its name. */
  readonly keyId: string;
  readonly key: KeyObject;
}

/** C2SP signed-note: the type byte of Ed25519. */
const ED25519_TYPE = 1;
const KEY_BYTES = 32;
const KEY_HASH_BYTES = 4;
/** `name+hash+key`; a name holds neither blanks nor plus signs. */
const VERIFIER_LINE = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/;

export function publicKeyOf(name: string, key: KeyObject): PublicKey {
  if (!/^[^\s+]+$/.test(name))
    throw new RangeError(`"${name}" is no name of a key: no blanks and no plus signs`);
  return { name, keyId: thumbprint(key), key };
}

/**
 * Reads one public key: a verifier line `name+hash+key` as `plumbline key new` and `plumbline ledger key` print it,
 * or PEM, as `openssl pkey -pubout` writes it, under the name `unnamed` unless one is given.
 * @throws RangeError when it is neither, or no Ed25519 key
 */
export function parsePublicKey(text: string, name?: string): PublicKey {
  const trimmed = text.trim();
  const line = VERIFIER_LINE.exec(trimmed);
  if (line !== null) return fromVerifierLine(line);
  if (!trimmed.startsWith('-----BEGIN PUBLIC KEY-----'))
    throw new RangeError('it is neither a line name+hash+key nor a PUBLIC KEY in PEM');
  return publicKeyOf(
    name ?? 'unnamed',
    ed25519(() => createPublicKey(trimmed)),
  );
}

/**
 * Reads the public keys of a file: verifier lines, one PEM, or what GET /api/v1/keys answers.
 * @throws RangeError
 */
export function parsePublicKeys(text: string): PublicKey[] {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) return fromJson(trimmed);
  if (trimmed.startsWith('-----BEGIN')) return [parsePublicKey(trimmed)];
  const lines = trimmed.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  if (lines.length === 0) throw new RangeError('it holds no key');
  return lines.map((line) => parsePublicKey(line));
}

/** `name+hash+key`, as C2SP's signed notes are verified with it. */
export function verifierLine({ name, key }: PublicKey): string {
  const typed = Buffer.concat([Buffer.of(ED25519_TYPE), rawKey(key)]);
  return `${name}+${noteKeyHash({ name, key }).toString('hex')}+${typed.toString('base64')}`;
}

/** What a signature line of a note begins with. @see https://c2sp.org/signed-note */
export function noteKeyHash({ name, key }: Pick<PublicKey, 'name' | 'key'>): Buffer {
  const typed = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ED25519_TYPE), rawKey(key)]);
  return createHash('sha256').update(typed).digest().subarray(0, KEY_HASH_BYTES);
}

export function isSignedBy({ key }: PublicKey, text: string, signature: Uint8Array): boolean {
  return verify(null, Buffer.from(text), key, signature);
}

/** The `x` of RFC 8037: the 32 bytes of the key. */
export function publicX(key: KeyObject): string {
  return String(key.export({ format: 'jwk' })['x']);
}

function rawKey(key: KeyObject): Buffer {
  return Buffer.from(publicX(key), 'base64url');
}

function thumbprint(key: KeyObject): string {
  const members = `{"crv":"Ed25519","kty":"OKP","x":"${publicX(key)}"}`; // sorted, no blanks: RFC 7638
  return createHash('sha256').update(members).digest('base64url');
}

function fromVerifierLine([, name = '', hash, base64 = '']: RegExpExecArray): PublicKey {
  const typed = Buffer.from(base64, 'base64');
  if (typed.length !== 1 + KEY_BYTES || typed[0] !== ED25519_TYPE)
    throw new RangeError(`the key of ${name} is not Ed25519`);
  const found = fromX(name, typed.subarray(1).toString('base64url'));
  if (noteKeyHash(found).toString('hex') !== hash)
    throw new RangeError(`the line of ${name} is damaged: its hash is not that of its name and key`);
  return found;
}

function fromX(name: string, x: string): PublicKey {
  return publicKeyOf(
    name,
    ed25519(() => createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })),
  );
}

function fromJson(text: string): PublicKey[] {
  const { keys } = JSON.parse(text) as { keys?: readonly { name?: string; x?: string }[] };
  if (!Array.isArray(keys) || keys.length === 0) throw new RangeError('its JSON holds no "keys"');
  return keys.map(({ name, x }) => fromX(name ?? 'unnamed', x ?? ''));
}

function ed25519(make: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = make();
  } catch (cause) {
    throw new RangeError(`it cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw new RangeError(`it is a key of ${key.asymmetricKeyType}, not Ed25519`);
  return key;
}
