import type { Reason } from './verdict.ts';

/** The seven lifecycle stages at which an autonomous actor asks. */
export const STAGES = [
  'provisioning',
  'deployment',
  'scaling',
  'routing',
  'recovery',
  'optimisation',
  'decommissioning',
] as const;
export type Stage = (typeof STAGES)[number];

export type DecisionOutcome = 'allow' | 'deny' | 'hold';

/** What an actor asks before it acts. Only `actor.id`, `action.kind` and a non-empty `target` are required. */
export interface DecisionRequest {
  readonly requestId?: string | undefined;
  readonly mode?: 'enforce' | 'shadow' | undefined;
  readonly actor: { readonly id: string; readonly type?: string | undefined };
  readonly action: {
    readonly kind: string;
    readonly stage?: Stage | undefined;
    /** Whether it can be taken back, as the caller says. */
    readonly reversible?: boolean | undefined;
    readonly from?: Readonly<Record<string, unknown>> | undefined;
    readonly to?: Readonly<Record<string, unknown>> | undefined;
    readonly blastRadius?: Readonly<Record<string, unknown>> | undefined;
    readonly planGeneration?: string | undefined;
    readonly objective?: string | undefined;
  };
  readonly target: Readonly<Record<string, string>>;
  readonly inputs?: readonly Readonly<Record<string, unknown>>[] | undefined;
  readonly needs?: Readonly<Record<string, unknown>> | undefined;
  readonly approval?: Approval | undefined;
}

/** A person's signature over canonical JSON of {actor, action, target, expiresAt}. */
export interface Approval {
  readonly by: string;
  readonly keyId: string;
  readonly expiresAt: string;
  /** Ed25519, base64. */
  readonly signature: string;
}

export interface DecisionReason extends Reason {
  /** `constraint-set/id` that was not met, or `built-in` without a constraint file. */
  readonly constraint: string;
  readonly severity: 'blocking' | 'info';
  readonly since: string | null;
  /** Where the evidence stands: an API path, or null. */
  readonly evidence: string | null;
}

/** The trust in one thing a decision rests on; `state` is three-valued. */
export interface TrustComponent {
  readonly source: string;
  readonly dimension: string;
  readonly state: 'pass' | 'fail' | 'unknown';
  readonly estimate: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly required: string;
  readonly validUntil: string | null;
}

/** `allow` holds until `validUntil`, inside `limits`, for this plan generation; `hold` asks to come back. */
export interface Decision {
  readonly decision: DecisionOutcome;
  readonly decisionId: string;
  readonly seq: number;
  readonly validUntil: string;
  readonly retryAfterS: number | null;
  readonly data: {
    readonly state: 'pass' | 'fail' | 'unknown';
    readonly confidence: number | null;
    readonly components: readonly TrustComponent[];
  };
  readonly reasons: readonly DecisionReason[];
  readonly limits: Readonly<Record<string, unknown>>;
  readonly wouldAllowIf: readonly string[];
  readonly failMode: string | null;
  readonly constraintSet: string;
  readonly prevHash: string;
  /** Signed, given once with the answer: the line of the ledger holds null, and so does a decision in shadow mode. */
  readonly receipt: string | null;
}

/** How a decision turned out, as somebody tells later; the newest of one decision counts. */
export interface Outcome {
  readonly decisionId: string;
  /** Whether the action was done, whatever the decision was. */
  readonly acted: boolean;
  /** Of what was done: of the action, or of leaving it. */
  readonly result: 'good' | 'bad' | 'unknown';
  readonly note: string | null;
  /** Who says so. */
  readonly by: string;
}
