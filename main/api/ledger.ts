import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { PipelineError } from '../../core/errors.ts';
import { publicX, verifierLine } from '../../gates/receipts/public-key.ts';
import { acceptedType } from './accepted-type.ts';
import type { ApiDeps } from './api-deps.ts';
import { type Operation, serveOperation } from './operation.ts';

const TYPES = ['application/json', 'text/plain'] as const;

const checkpoint = {
  method: 'GET',
  path: '/ledger/checkpoint',
  id: 'ledgerCheckpoint',
  summary:
    'Newest line of the ledger, or as text/plain its signed state (C2SP tlog-checkpoint); kept elsewhere, it proves later that nothing before it was changed',
  answer: z.strictObject({ seq: z.int(), hash: z.string() }),
  otherTypes: TYPES.slice(1),
  failures: ['ledger_unwritable'],
} satisfies Operation;

const listKeys = {
  method: 'GET',
  path: '/keys',
  id: 'listKeys',
  summary: 'Public key that this replica signs receipts and checkpoints with, as a JWK set',
  answer: z.strictObject({
    keys: z.array(
      z.strictObject({
        kty: z.literal('OKP'),
        crv: z.literal('Ed25519'),
        x: z.string(),
        kid: z.string().describe('RFC 7638 thumbprint; the header of a receipt names it.'),
        alg: z.literal('EdDSA'),
        use: z.literal('sig'),
        name: z.string().describe('Issuer of receipts and origin of checkpoints.'),
        verifier: z.string().describe('The same key for C2SP signed notes: name+hash+key.'),
      }),
    ),
  }),
} satisfies Operation;

export const LEDGER_OPERATIONS: readonly Operation[] = [checkpoint, listKeys];

export function serveLedger(app: FastifyInstance, { gate }: ApiDeps): void {
  serveOperation(app, checkpoint, async ({ request, reply }) => {
    const type = acceptedType(request.headers.accept, TYPES);
    if (type === null) {
      const text = `A checkpoint is served as ${TYPES.join(' or ')}: accept one of them.`;
      throw new PipelineError('request_invalid', text);
    }
    reply.header('vary', 'accept');
    if (type === 'application/json') return gate.checkpoint();
    return await reply.type('text/plain; charset=utf-8').send(await gate.signedCheckpoint());
  });
  serveOperation(app, listKeys, () => {
    const { name, keyId, key } = gate.signingKey.public;
    const names = { kid: keyId, name, verifier: verifierLine(gate.signingKey.public) };
    return { keys: [{ kty: 'OKP', crv: 'Ed25519', x: publicX(key), alg: 'EdDSA', use: 'sig', ...names }] };
  });
}
