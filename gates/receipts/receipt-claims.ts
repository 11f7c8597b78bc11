/** What a receipt says: the payload of a compact JWS (RFC 7515), signed with EdDSA (RFC 8037). */
export interface ReceiptClaims {
  /** Name of the replica that decided. */
  readonly iss: string;
  /** The decision's id. */
  readonly jti: string;
  /** Seconds, with thousandths: when it was decided. */
  readonly iat: number;
  /** Seconds, with thousandths: `validUntil` of the decision. */
  readonly exp: number;
  readonly decision: 'allow' | 'deny' | 'hold';
  readonly actor: string;
  readonly action: {
    readonly kind: string;
    readonly from: Readonly<Record<string, unknown>> | null;
    readonly to: Readonly<Record<string, unknown>> | null;
  };
  readonly target: Readonly<Record<string, string>>;
  readonly planGeneration: string | null;
  readonly limits: Readonly<Record<string, unknown>>;
  readonly constraintSet: string;
  /** Number of the line in the ledger, the hash of that line, and of the one before. */
  readonly seq: number;
  readonly lineHash: string;
  readonly prevHash: string;
}

/** Keeps receipts apart from every other JWS (RFC 8725, 3.11). */
export const RECEIPT_TYPE = 'plumbline-receipt+jwt';
