import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { AcceptedReference } from '../../core/accepted-reference.ts';
import { PipelineError } from '../../core/errors.ts';
import { referencesInForce } from '../../core/references-in-force.ts';
import { rfc3339 } from '../../core/time.ts';
import { canonicalJson } from '../../gates/canonical-json.ts';
import { unsampledServices } from '../../gates/constraints/constraints.ts';
import { insertReference, insertRevocation, readReferences } from '../../store/accepted-references.ts';
import { insertReferenceSignature } from '../../store/reference-signatures.ts';
import { acceptStatement, referenceIdOf, revokeStatement } from '../reference-statement.ts';
import type { ApiDeps } from './api-deps.ts';
import { type Operation, serveOperation } from './operation.ts';
import { proposeReference, type ReferenceAsked } from './propose-reference.ts';
import { proposalJson, referenceJson, toProposalJson, toReferenceJson } from './reference-json.ts';
import { ReferenceSignatures, signAct, signatureAsked } from './reference-signature.ts';

const time = z.iso.datetime({ offset: true }).describe('On whole ten minutes.');
const period = {
  services: z.array(z.string().min(1)).max(1_000).default([]).describe('service.name; empty: all.'),
  from: time,
  until: time,
};
/** Who stands for it, in words: nobody is a reference's owner by accident. */
const person = z.string().trim().min(1).max(200);
const reason = z.string().trim().min(1).max(2_000);

const propose = {
  method: 'POST',
  path: '/references/propose',
  id: 'proposeReference',
  summary: 'Show what would be accepted as normal; nothing is stored',
  body: z.strictObject(period),
  answer: proposalJson,
} satisfies Operation;

const accept = {
  method: 'POST',
  path: '/references',
  id: 'acceptReference',
  summary: 'Accept a period as normal: the hash says that what is accepted is what was shown',
  body: z.strictObject({
    ...period,
    hash: z.string().regex(/^[0-9a-f]{64}$/, 'the 64 hex digits that propose shows'),
    acceptedBy: person.describe('The person who accepts it.'),
    reason,
    signature: signatureAsked,
  }),
  answer: referenceJson,
  failures: ['reference_changed'],
} satisfies Operation;

const revoke = {
  method: 'POST',
  path: '/references/{id}/revoke',
  id: 'revokeReference',
  summary: 'Take a reference back; the one accepted before it is then in force again',
  params: z.object({ id: z.string() }),
  body: z.strictObject({ revokedBy: person, reason, signature: signatureAsked }),
  answer: referenceJson,
  failures: ['not_found'],
} satisfies Operation;

const list = {
  method: 'GET',
  path: '/references',
  id: 'listReferences',
  summary: 'Every reference that was ever accepted, newest first',
  answer: z.strictObject({ references: z.array(referenceJson) }),
} satisfies Operation;

export const REFERENCE_OPERATIONS: readonly Operation[] = [propose, accept, revoke, list];

export function serveReferences(app: FastifyInstance, { client, gate, now }: ApiDeps): void {
  const proposed = (body: Parameters<typeof askedOf>[0]) =>
    proposeReference(
      client,
      { ...askedOf(body), unsampledNames: unsampledServices(gate.effective()) },
      now(),
    );
  const all = async () => {
    const references = await readReferences(client);
    return { references, inForce: referencesInForce(references) };
  };
  const answer = async (chosen: (all: readonly AcceptedReference[]) => readonly AcceptedReference[]) => {
    const [{ references, inForce }, signatures] = await Promise.all([
      all(),
      ReferenceSignatures.read(client, gate),
    ]);
    return await Promise.all(
      chosen(references).map(async (reference) => {
        const { id, revoked } = reference;
        return toReferenceJson(reference, inForce, {
          accepted: await signatures.ofAccept(reference),
          revoked: revoked === null ? null : signatures.ofRevoke(id, revoked),
        });
      }),
    );
  };
  const answerOne = async (id: string) => {
    const [one] = await answer((references) => references.filter((reference) => reference.id === id));
    return one ?? unknown(id);
  };
  serveOperation(app, propose, async ({ body }) => toProposalJson(await proposed(body)));
  serveOperation(app, accept, async ({ body }) => {
    const { content, hash } = await proposed(body);
    if (hash !== body.hash) {
      const text = `What would be accepted now has the hash ${hash}: data came since it was shown, or another period was. Propose it again, look, and accept that.`;
      throw new PipelineError('reference_changed', text, { hash });
    }
    if (content.numbers.length === 0) {
      const text = 'There is nothing to accept: no service has 60 known minutes at any load in this period.';
      throw new PipelineError('request_invalid', text);
    }
    const { acceptedBy: by, reason, signature: asked } = body;
    const statementAt = (at: string) => acceptStatement({ hash, by, reason, at });
    const signed = await signAct({ by, statementAt, asked }, { gate, client, nowMs: now() });
    const reference: AcceptedReference = {
      id: referenceIdOf(statementAt(rfc3339(signed.signedAtMs))),
      services: content.services,
      held: content.numbers.map(({ service }) => service),
      fromMs: content.fromMs,
      untilMs: content.untilMs,
      acceptedBy: by,
      reason,
      acceptedAtMs: signed.signedAtMs,
      hash,
      revoked: null,
    };
    // Before the reference: there is none without its signature.
    await insertReferenceSignature(client, { ...signed, referenceId: reference.id, act: 'reference.accept' });
    await insertReference(client, reference, canonicalJson(content.numbers));
    return answerOne(reference.id);
  });
  serveOperation(app, revoke, async ({ params: { id }, body: { revokedBy: by, reason, signature } }) => {
    const { references } = await all();
    const reference = references.find((one) => one.id === id) ?? unknown(id);
    if (reference.revoked !== null) {
      const text = `${id} was revoked already, by ${reference.revoked.by}.`;
      throw new PipelineError('request_invalid', text, { id });
    }
    const statementAt = (at: string) => revokeStatement({ id, by, reason, at });
    const signed = await signAct({ by, statementAt, asked: signature }, { gate, client, nowMs: now() });
    await insertReferenceSignature(client, { ...signed, referenceId: id, act: 'reference.revoke' });
    await insertRevocation(client, id, { atMs: signed.signedAtMs, by, reason });
    return answerOne(id);
  });
  serveOperation(app, list, async () => ({ references: await answer((references) => references) }));
}

function askedOf(body: { services: string[]; from: string; until: string }): ReferenceAsked {
  return { services: body.services, fromMs: Date.parse(body.from), untilMs: Date.parse(body.until) };
}

function unknown(id: string): never {
  throw new PipelineError('not_found', `There is no reference ${id}; GET /api/v1/references lists them.`, {
    id,
  });
}
