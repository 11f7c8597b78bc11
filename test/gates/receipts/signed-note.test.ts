import { describe, expect, it } from 'vitest';
import {
  noteKeyHash,
  parsePublicKey,
  parsePublicKeys,
  verifierLine,
} from '../../../gates/receipts/public-key.ts';
import { openNote, signNote } from '../../../gates/receipts/signed-note.ts';
import { parseTreeHead, treeHeadText } from '../../../gates/receipts/tree-head.ts';
import { madeKey } from './made-key.ts';

/** From the documentation of golang.org/x/mod/sumdb/note: another implementation's key and signature. */
const GO_KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const GO_NOTE = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;
const key = madeKey('example.com/log');
const note = signNote(treeHeadText({ origin: 'example.com/log', size: 7, root: `${'A'.repeat(43)}=` }), key);

describe('a signed note', () => {
  it('of another implementation is opened with its key, and written back the same', () => {
    const publicKey = parsePublicKey(GO_KEY);
    expect(openNote(GO_NOTE, [publicKey])).toMatchObject({ signer: { name: 'PeterNeumann' } });
    expect(verifierLine(publicKey)).toBe(GO_KEY);
    expect(openNote(GO_NOTE.replace('answer', 'Answer'), [publicKey])).toHaveProperty('problem');
  });

  it('holds a checkpoint', () => {
    const opened = openNote(note, [key.public]) as { text: string };
    expect(parseTreeHead(opened.text)).toEqual({
      origin: 'example.com/log',
      size: 7,
      root: `${'A'.repeat(43)}=`,
    });
    expect(noteKeyHash(key.public).toString('hex')).toBe(verifierLine(key.public).split('+')[1]);
  });

  it('passes over a witness it does not know, and refuses a known one that signed wrongly', () => {
    const witness = madeKey('witness.example');
    const cosigned = note + signNote(openText(note), witness).split('\n\n')[1];
    expect(openNote(cosigned, [key.public])).toMatchObject({ signer: { name: 'example.com/log' } });
    const wrong = note + signNote('other\n', witness).split('\n\n')[1];
    expect(openNote(wrong, [key.public, witness.public])).toHaveProperty('problem');
    expect(openNote(note, [witness.public])).toEqual({ problem: 'is signed by no known key' });
  });

  it('is not one whose signature is spelt otherwise, though it is the same bytes', () => {
    const last = note.at(-3) as string; // before the padding: two of its six bits are spare
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    const respelt = `${note.slice(0, -3)}${alphabet[alphabet.indexOf(last) + 1]}=\n`;
    const bytesOf = (text: string) => Buffer.from(text.split(' ').at(-1) as string, 'base64');
    expect(bytesOf(respelt)).toEqual(bytesOf(note));
    expect(openNote(respelt, [key.public])).toHaveProperty('problem');
  });

  it.each([
    ['a plain text', 'text\n'],
    ['no blank line', note.replace('\n\n', '\n')],
    ['no last newline', note.slice(0, -1)],
    ['a hyphen for the dash', note.replace('—', '-')],
  ])('is not %s', (_name, text) => {
    expect(openNote(text, [key.public])).toEqual({ problem: 'is no signed note' });
  });
});

const openText = (text: string) => `${text.split('\n\n')[0]}\n`;

describe('a public key', () => {
  it.each([
    ['a line', verifierLine(key.public)],
    ['a PEM', String(key.public.key.export({ format: 'pem', type: 'spki' }))],
    [
      'the answer of the API',
      JSON.stringify({ keys: [{ ...key.public.key.export({ format: 'jwk' }), name: 'n' }] }),
    ],
  ])('is read from %s', (_name, text) => {
    expect(parsePublicKeys(text).map(({ keyId }) => keyId)).toEqual([key.public.keyId]);
  });

  it.each([
    ['nothing', '', 'no key'],
    ['a damaged line', verifierLine(key.public).replace('log+', 'lag+'), 'damaged'],
    ['another algorithm', `x+00000000+${Buffer.alloc(33, 2).toString('base64')}`, 'not Ed25519'],
    ['a private key', '-----BEGIN PRIVATE KEY-----', 'neither'],
  ])('is not read from %s', (_name, text, why) => {
    expect(() => parsePublicKeys(text)).toThrow(why);
  });
});
