import { encodeRpcStatus, type RpcStatus } from '../rpc-status.ts';

/** A header has its limits (8 KiB in many clients), and a percent-encoded byte takes three. */
const HEADER_MESSAGE_CHARACTERS_MAX = 1_000;

/** A refusal as gRPC puts it into headers: the code, a text in printable ASCII, and a google.rpc.Status. */
export function grpcStatusHeaders(status: RpcStatus): Record<string, string> {
  const message = status.message.slice(0, HEADER_MESSAGE_CHARACTERS_MAX);
  return {
    'grpc-status': String(status.code),
    'grpc-message': percentEncode(message),
    'grpc-status-details-bin': encodeRpcStatus({ ...status, message }, 'protobuf').toString('base64'),
  };
}

/** gRPC's own percent encoding: only what is not printable ASCII, and the percent sign. */
function percentEncode(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\x20-\x7e]|%/gu, (character) =>
      [...Buffer.from(character)]
        .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
        .join(''),
    );
}
