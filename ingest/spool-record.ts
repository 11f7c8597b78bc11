import { PipelineError } from '../core/errors.ts';
import { CONTENT_ENCODINGS, CONTENT_TYPES, type EncodedBody } from './export-request.ts';

/** One accepted request: the client's own bytes, and what a replay needs to judge them the same way again. */
export interface SpoolRecord extends EncodedBody {
  readonly receivedAtMs: number;
  readonly tenant: string;
}

const VERSION = 1;
const HEADER_BYTES = 14;

/**
 * 0 version, 1 content type, 2 content encoding, 3 zero, 4-11 receivedAtMs (float64, little endian),
 * 12-13 bytes of the tenant (uint16), then the tenant in UTF-8, then the body.
 */
export function encodeSpoolRecord(record: SpoolRecord): Buffer {
  const tenant = Buffer.from(record.tenant);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + tenant.length + record.body.length);
  bytes[0] = VERSION;
  bytes[1] = CONTENT_TYPES.indexOf(record.contentType);
  bytes[2] = CONTENT_ENCODINGS.indexOf(record.contentEncoding);
  bytes[3] = 0;
  bytes.writeDoubleLE(record.receivedAtMs, 4);
  bytes.writeUInt16LE(tenant.length, 12);
  bytes.set(tenant, HEADER_BYTES);
  bytes.set(record.body, HEADER_BYTES + tenant.length);
  return bytes;
}

/** Bytes a record takes in the spool, before it is encoded. */
export function spoolRecordBytes(record: SpoolRecord): number {
  return HEADER_BYTES + Buffer.byteLength(record.tenant) + record.body.length;
}

/** @throws PipelineError spool_unwritable when the bytes were not written by this version of the spool */
export function decodeSpoolRecord(bytes: Buffer): SpoolRecord {
  const contentType = CONTENT_TYPES[bytes[1] ?? -1];
  const contentEncoding = CONTENT_ENCODINGS[bytes[2] ?? -1];
  if (bytes[0] !== VERSION || contentType === undefined || contentEncoding === undefined) {
    throw new PipelineError(
      'spool_unwritable',
      `The spool holds a record of version ${bytes[0]}, this Plumbline reads version ${VERSION}; start the version that wrote it, let it store everything, then upgrade.`,
      { version: bytes[0] ?? -1 },
    );
  }
  const bodyStart = HEADER_BYTES + bytes.readUInt16LE(12);
  return {
    contentType,
    contentEncoding,
    receivedAtMs: bytes.readDoubleLE(4),
    tenant: bytes.toString('utf8', HEADER_BYTES, bodyStart),
    body: bytes.subarray(bodyStart),
  };
}
