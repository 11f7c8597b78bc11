const OPEN_BRACE = 0x7b;
const REQUEST_TAG = 0x0a;

/**
 * Whether bytes begin with a JSON object. A request in protobuf begins with a line feed, and one of 123 bytes goes on with a
 * brace; then its length tells.
 * @param bytes at least 126 of them, where there are as many
 */
export function looksLikeJson(bytes: Uint8Array): boolean {
  if (bytes.find((byte) => byte > 0x20) !== OPEN_BRACE) return false;
  const isProtobuf =
    bytes[0] === REQUEST_TAG &&
    bytes[1] === OPEN_BRACE &&
    (bytes.length === 125 || bytes[125] === REQUEST_TAG);
  return !isProtobuf;
}
