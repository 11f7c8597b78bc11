import { z } from 'zod';
import type { AcceptedReference } from '../../core/accepted-reference.ts';
import { rfc3339 } from '../../core/time.ts';
import { numberJson, toNumberJson } from './number-json.ts';
import type { ReferenceProposal } from './propose-reference.ts';
import type { SignatureState } from './reference-signature.ts';
import { timeJson } from './time-json.ts';

const signatureJson = z.strictObject({
  state: z
    .enum(['valid', 'invalid', 'unknown-key', 'none'])
    .describe('Invalid: what is stored is not what was signed. Unknown key: of nobody this server knows.'),
  signer: z.enum(['person', 'replica']).nullable().describe('Replica: recorded by it, signed by no person.'),
  keyId: z.string().nullable(),
});

export const referenceJson = z
  .strictObject({
    id: z.string(),
    services: z.array(z.string()).describe('As asked; empty: all that there were.'),
    held: z.array(z.string()).describe('Services that it holds numbers of.'),
    from: timeJson,
    until: timeJson,
    acceptedBy: z.string(),
    reason: z.string(),
    acceptedAt: timeJson,
    hash: z
      .string()
      .describe('SHA-256 over the canonical JSON (RFC 8785) of services, period and frozen numbers.'),
    state: z
      .enum(['in-force', 'superseded', 'revoked'])
      .describe('Superseded: of each of its services a newer one holds numbers.'),
    signature: signatureJson,
    revoked: z
      .strictObject({ at: timeJson, by: z.string(), reason: z.string(), signature: signatureJson })
      .nullable(),
  })
  .meta({ id: 'Reference', description: 'A period that a person accepted as normal, frozen.' });

export function toReferenceJson(
  reference: AcceptedReference,
  inForce: ReadonlyMap<string, AcceptedReference>,
  signatures: { readonly accepted: SignatureState; readonly revoked: SignatureState | null },
): z.infer<typeof referenceJson> {
  const { revoked } = reference;
  const counts = [...inForce.values()].some(({ id }) => id === reference.id);
  return {
    id: reference.id,
    services: [...reference.services],
    held: [...reference.held],
    from: rfc3339(reference.fromMs),
    until: rfc3339(reference.untilMs),
    acceptedBy: reference.acceptedBy,
    reason: reference.reason,
    acceptedAt: rfc3339(reference.acceptedAtMs),
    hash: reference.hash,
    state: revoked !== null ? 'revoked' : counts ? 'in-force' : 'superseded',
    signature: signatures.accepted,
    revoked:
      revoked === null || signatures.revoked === null
        ? null
        : {
            at: rfc3339(revoked.atMs),
            by: revoked.by,
            reason: revoked.reason,
            signature: signatures.revoked,
          },
  };
}

export const proposalJson = z
  .strictObject({
    services: z.array(z.string()),
    from: timeJson,
    until: timeJson,
    hash: z.string().describe('Names exactly what is shown here: to accept it, send it back.'),
    frozen: z.array(
      z.strictObject({
        service: z.string(),
        inForce: z.string().nullable().describe('Id of the reference that accepting this would replace.'),
        metrics: z.array(
          z.strictObject({
            metric: z.string(),
            coverageRatio: z.number().describe('Share of the minutes of the period that the bins stand on.'),
            minutes: z.number(),
            bins: z.number().describe('Bins of load, about 8 % wide, of 60 minutes or more.'),
            versusInForce: z
              .strictObject({ ratio: numberJson, sharedBins: z.number() })
              .nullable()
              .describe('The metric over that of the reference in force, at equal load; null: it has none.'),
          }),
        ),
      }),
    ),
    warnings: z.array(z.strictObject({ code: z.string(), service: z.string().nullable(), text: z.string() })),
  })
  .meta({ id: 'ReferenceProposal', description: 'What would be accepted, and what speaks against it.' });

export function toProposalJson(proposal: ReferenceProposal): z.infer<typeof proposalJson> {
  const { content, hash, warnings, differences, inForce } = proposal;
  return {
    services: [...content.services],
    from: rfc3339(content.fromMs),
    until: rfc3339(content.untilMs),
    hash,
    frozen: content.numbers.map(({ service, metrics }) => ({
      service,
      inForce: inForce.get(service)?.id ?? null,
      metrics: metrics.map(({ metric, coverageRatio, bins }) => {
        const difference = differences.get(service)?.get(metric);
        return {
          metric,
          coverageRatio,
          minutes: bins.reduce((sum, bin) => sum + bin.minutes, 0),
          bins: bins.length,
          versusInForce:
            difference === undefined
              ? null
              : { ratio: toNumberJson(difference.ratio), sharedBins: difference.sharedBins },
        };
      }),
    })),
    warnings: warnings.map(({ code, service, text }) => ({ code, service, text })),
  };
}
