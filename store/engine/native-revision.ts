import { EngineFault } from './engine-fault.ts';
import { NativeCursor, NativeTypeUnknown, skipNativeColumn } from './native-column.ts';

/** From this revision on each column says whether its serialization is a custom one. */
const CUSTOM_SERIALIZATION_REVISION = 54_454;

/** `is_overflows` 0, `bucket_num` -1, end. */
const BLOCK_INFO = Buffer.from([1, 0, 2, 255, 255, 255, 255, 0]);

const NO_CUSTOM_SERIALIZATION = Buffer.from([0]);

/**
 * Native blocks as a client of that protocol revision expects them. chdb writes revision 0; clickhouse-go (Grafana's
 * data source, Jaeger) asks for its own with `client_protocol_version` and reads nothing else.
 * @throws EngineFault 48 when a column's type cannot be walked over
 */
export function nativeOfRevision(native: Uint8Array, revision: number): Uint8Array {
  if (revision <= 0) return native;
  const bytes = Buffer.from(native.buffer, native.byteOffset, native.byteLength);
  const cursor = new NativeCursor(bytes, 0);
  const parts: Uint8Array[] = [];
  while (cursor.at < bytes.length) {
    const start = cursor.at;
    const columnCount = cursor.varint();
    const rowCount = cursor.varint();
    parts.push(BLOCK_INFO, bytes.subarray(start, cursor.at));
    for (let i = 0; i < columnCount; i++) pushColumn(parts, cursor, rowCount, revision);
  }
  return Buffer.concat(parts);
}

function pushColumn(parts: Uint8Array[], cursor: NativeCursor, rowCount: number, revision: number): void {
  const start = cursor.at;
  const name = cursor.text();
  const type = cursor.text();
  parts.push(cursor.bytes.subarray(start, cursor.at));
  if (revision >= CUSTOM_SERIALIZATION_REVISION) parts.push(NO_CUSTOM_SERIALIZATION);
  const values = cursor.at;
  try {
    skipNativeColumn(cursor, type, rowCount);
  } catch (error) {
    if (!(error instanceof NativeTypeUnknown)) throw error;
    throw new EngineFault(
      48,
      'NOT_IMPLEMENTED',
      `Column ${name} has type ${type}, which the embedded engine cannot send in this protocol revision; convert ` +
        'it with toString() or toJSONString()',
    );
  }
  parts.push(cursor.bytes.subarray(values, cursor.at));
}
