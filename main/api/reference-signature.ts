import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import type { AcceptedReference } from '../../core/accepted-reference.ts';
import { PipelineError } from '../../core/errors.ts';
import { rfc3339 } from '../../core/time.ts';
import { canonicalJson } from '../../gates/canonical-json.ts';
import type { Gate } from '../../gates/gate.ts';
import { hashText } from '../../gates/ledger-line.ts';
import type { PublicKey } from '../../gates/receipts/public-key.ts';
import { isStatementSigned, type Statement, signStatement } from '../../gates/receipts/statement.ts';
import { readReferenceNumbers } from '../../store/accepted-references.ts';
import { type ReferenceSignature, readReferenceSignatures } from '../../store/reference-signatures.ts';
import { acceptStatement, referenceIdOf, revokeStatement } from '../reference-statement.ts';

/** A signed act is sent at once: an old one is somebody's copy. */
const AGE_MS_MAX = 300_000;

export const signatureAsked = z
  .strictObject({
    at: z.iso.datetime({ offset: true }).describe('When it was signed; the act gets this time.'),
    value: z.string().min(1).max(200).describe('Base64url, over the canonical JSON (RFC 8785) of the act.'),
  })
  .optional()
  .describe('Of the person; asked for when the server knows approvers.');

type Asked = z.output<typeof signatureAsked>;
type Signed = Omit<ReferenceSignature, 'referenceId' | 'act'>;

/** What a list says about who signed. */
export interface SignatureState {
  readonly state: 'valid' | 'invalid' | 'unknown-key' | 'none';
  readonly signer: 'person' | 'replica' | null;
  readonly keyId: string | null;
}

interface Act {
  readonly by: string;
  /** The act with the time it is signed at. */
  readonly statementAt: (at: string) => Statement;
  readonly asked: Asked;
}

/**
 * Checks the signature of a person, or signs for the record.
 * @throws PipelineError request_invalid: nobody's signature where one is asked for, or none of theirs
 */
export async function signAct(
  { by, statementAt, asked }: Act,
  { gate, client, nowMs }: { gate: Gate; client: ClickHouseClient; nowMs: number },
): Promise<Signed> {
  const refuse = (text: string) => new PipelineError('request_invalid', text);
  if (gate.approvers.size === 0) {
    if (asked !== undefined)
      throw refuse('This server knows no approvers: set PLUMBLINE_APPROVERS_FILE, or send no signature.');
    const signature = signStatement(statementAt(rfc3339(nowMs)), gate.signingKey);
    return { signedAtMs: nowMs, keyId: gate.signingKey.public.keyId, signer: 'replica', signature };
  }
  if (asked === undefined)
    throw refuse('This must be signed by an approver: sign it with "--sign FILE" of the command line.');
  const signedAtMs = Date.parse(asked.at);
  const statement = statementAt(rfc3339(signedAtMs));
  const key = (gate.approvers.get(by) ?? []).find((one) => isStatementSigned(statement, asked.value, one));
  if (key === undefined)
    throw refuse(
      `The signature is not that of ${by}: sign it by the name and with a key of the list of approvers.`,
    );
  if (Math.abs(nowMs - signedAtMs) > AGE_MS_MAX)
    throw refuse(
      `It was signed at ${asked.at}, not within five minutes of now: check the clock, and sign it again.`,
    );
  const isCopy = (await readReferenceSignatures(client)).some(({ signature }) => signature === asked.value);
  if (isCopy) throw refuse('This very signature was used before: sign it again.');
  return { signedAtMs, keyId: key.keyId, signer: 'person', signature: asked.value };
}

/** Says of acts on references whether they stand as they were signed. */
export class ReferenceSignatures {
  readonly #client: ClickHouseClient;
  readonly #gate: Gate;
  readonly #stored: readonly ReferenceSignature[];

  private constructor(client: ClickHouseClient, gate: Gate, stored: readonly ReferenceSignature[]) {
    this.#client = client;
    this.#gate = gate;
    this.#stored = stored;
  }

  static async read(client: ClickHouseClient, gate: Gate): Promise<ReferenceSignatures> {
    return new ReferenceSignatures(client, gate, await readReferenceSignatures(client));
  }

  /** Also invalid when the id is not that of the act, or the numbers are not those of the hash. */
  async ofAccept(reference: AcceptedReference): Promise<SignatureState> {
    const { id, acceptedBy, acceptedAtMs } = reference;
    const statement = acceptStatement({ ...reference, by: acceptedBy, at: rfc3339(acceptedAtMs) });
    const state = this.#stateOf(id, { by: acceptedBy, statement });
    if (state.state !== 'valid') return state;
    const { services, fromMs, untilMs, held, hash } = reference;
    const numbers = await readReferenceNumbers(this.#client, id);
    const isSame =
      id === referenceIdOf(statement) &&
      hashText(canonicalJson({ services, fromMs, untilMs, numbers })) === hash &&
      canonicalJson(numbers.map(({ service }) => service)) === canonicalJson(held);
    return isSame ? state : { ...state, state: 'invalid' };
  }

  ofRevoke(id: string, { by, reason, atMs }: NonNullable<AcceptedReference['revoked']>): SignatureState {
    return this.#stateOf(id, { by, statement: revokeStatement({ id, by, reason, at: rfc3339(atMs) }) });
  }

  #stateOf(id: string, { by, statement }: { by: string; statement: Statement }): SignatureState {
    const signatures = this.#stored.filter(
      ({ referenceId, act }) => referenceId === id && act === statement.act,
    );
    const states = signatures.map((signed): SignatureState => {
      const { signer, keyId, signature } = signed;
      const key = this.#keysOf(signer, by).find((one) => one.keyId === keyId);
      const isValid = key !== undefined && isStatementSigned(statement, signature, key);
      return { state: isValid ? 'valid' : key === undefined ? 'unknown-key' : 'invalid', signer, keyId };
    });
    const none: SignatureState = { state: 'none', signer: null, keyId: null };
    return states.find(({ state }) => state === 'valid') ?? states[0] ?? none;
  }

  #keysOf(signer: 'person' | 'replica', by: string): readonly PublicKey[] {
    return signer === 'person' ? (this.#gate.approvers.get(by) ?? []) : this.#gate.replicaKeys();
  }
}
