import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PipelineError } from '../../core/errors.ts';
import { type PublicKey, publicKeyOf } from './public-key.ts';

/** An Ed25519 key that signs: of this replica, or of a person. */
export interface SigningKey {
  readonly public: PublicKey;
  /** 64 bytes; the same text gives the same ones. About 50 us. */
  sign(text: string): Buffer;
}

/**
 * The key of this replica: `path` when one is given, else `signing.key` of the data directory, made at the first start.
 * @throws PipelineError config_invalid (the file holds no such key), data_dir_unwritable
 */
export function replicaSigningKey(dataDir: string, path?: string): SigningKey {
  if (path !== undefined) return readSigningKey(path);
  const own = ownKeyPath(dataDir);
  if (!existsSync(own)) makeOwn(own);
  return readSigningKey(own);
}

export function ownKeyPath(dataDir: string): string {
  return join(dataDir, 'signing.key');
}

/**
 * Reads a private key in PEM (PKCS 8), as `plumbline key new` and `openssl genpkey -algorithm ed25519` write it.
 * @param name of the signer; a replica's is made from its key
 * @throws PipelineError config_invalid
 */
export function readSigningKey(path: string, name?: string): SigningKey {
  let key: KeyObject;
  try {
    key = createPrivateKey(readFileSync(path));
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is a key of ${key.asymmetricKeyType}`);
  } catch (cause) {
    const text = `${path} holds no Ed25519 private key in PEM (${(cause as Error).message}): make one with "plumbline key new FILE".`;
    throw new PipelineError('config_invalid', text, { path }, cause);
  }
  return signingKeyOf(key, name);
}

/** @throws PipelineError config_invalid when there is a file already: no key is ever written over */
export function makeSigningKey(path: string, name?: string): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  try {
    writeNew(path, String(privateKey.export({ format: 'pem', type: 'pkcs8' })));
  } catch (cause) {
    const text = `${path} cannot be made (${(cause as Error).message}): choose a new file in a folder that can be written.`;
    throw new PipelineError('config_invalid', text, { path }, cause);
  }
  return signingKeyOf(privateKey, name);
}

export function signingKeyOf(key: KeyObject, name?: string): SigningKey {
  const publicKey = createPublicKey(key);
  const { keyId } = publicKeyOf('unnamed', publicKey);
  return {
    public: publicKeyOf(name ?? `plumbline/${keyId.slice(0, 16)}`, publicKey),
    sign: (text) => sign(null, Buffer.from(text), key),
  };
}

function makeOwn(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    makeSigningKey(path);
  } catch (cause) {
    const text = `The signing key ${path} cannot be made: ${(cause as Error).message} Make the data directory writable, or set PLUMBLINE_SIGNING_KEY_FILE.`;
    throw new PipelineError('data_dir_unwritable', text, { path }, cause);
  }
}

/** Only its owner may read it, and it is on disk before anything is signed with it. */
function writeNew(path: string, text: string): void {
  const fd = openSync(path, 'wx', 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
