import type { ClickHouseClient } from '@clickhouse/client';
import { fromClickhouseTime, toClickhouseTime } from './clickhouse-time.ts';
import { readRows } from './read-rows.ts';
import { writeRows } from './write-rows.ts';

/** Who put his key to an act on a reference. */
export interface ReferenceSignature {
  readonly referenceId: string;
  readonly act: 'reference.accept' | 'reference.revoke';
  readonly signedAtMs: number;
  readonly keyId: string;
  /** A person; or only the replica that recorded the act. */
  readonly signer: 'person' | 'replica';
  readonly signature: string;
}

/** @throws PipelineError store_* */
export async function insertReferenceSignature(
  client: ClickHouseClient,
  signed: ReferenceSignature,
): Promise<void> {
  await writeRows(client, 'reference_signatures', [
    {
      ReferenceId: signed.referenceId,
      Act: signed.act,
      SignedAt: toClickhouseTime(signed.signedAtMs),
      KeyId: signed.keyId,
      Signer: signed.signer,
      Signature: signed.signature,
    },
  ]);
}

/** All there are, oldest first. @throws PipelineError store_unavailable */
export async function readReferenceSignatures(client: ClickHouseClient): Promise<ReferenceSignature[]> {
  const rows = await readRows<{
    ReferenceId: string;
    Act: ReferenceSignature['act'];
    SignedAt: string;
    KeyId: string;
    Signer: ReferenceSignature['signer'];
    Signature: string;
  }>(client, {
    sql: 'SELECT * FROM reference_signatures ORDER BY SignedAt',
    params: {},
    about: 'reference signatures',
  });
  return rows.map((row) => ({
    referenceId: row.ReferenceId,
    act: row.Act,
    signedAtMs: fromClickhouseTime(row.SignedAt),
    keyId: row.KeyId,
    signer: row.Signer,
    signature: row.Signature,
  }));
}
