import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ApiDeps } from './api-deps.ts';
import { type Operation, serveOperation } from './operation.ts';

const checkpoint = {
  method: 'GET',
  path: '/ledger/checkpoint',
  id: 'ledgerCheckpoint',
  summary: 'Newest line of the ledger; kept elsewhere, it proves later that nothing before it was changed',
  answer: z.strictObject({ seq: z.int(), hash: z.string() }),
} satisfies Operation;

export const LEDGER_OPERATIONS: readonly Operation[] = [checkpoint];

export function serveLedger(app: FastifyInstance, { gate }: ApiDeps): void {
  serveOperation(app, checkpoint, () => gate.checkpoint());
}
