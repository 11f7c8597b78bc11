/** Where the gate is. */
export interface GateAddress {
  /** Such as `http://plumbline.plumbline.svc:4319`. */
  readonly url: string;
  /** One of PLUMBLINE_KEYS, where the server has keys. */
  readonly key?: string | undefined;
  /** Later than this it has not answered; 2,000 unless told. */
  readonly timeoutMs?: number | undefined;
  /** `table`: by docs/client.md, safe directions go on. `closed`: nothing goes on without an answer. */
  readonly whenUnreachable?: 'table' | 'closed' | undefined;
}

export type GateStage =
  | 'provisioning'
  | 'deployment'
  | 'scaling'
  | 'routing'
  | 'recovery'
  | 'optimisation'
  | 'decommissioning';

/** What is asked; `POST /api/v1/decisions` has the same fields. */
export interface GateRequest {
  readonly requestId?: string;
  readonly mode?: 'enforce' | 'shadow';
  readonly actor: { readonly id: string; readonly type?: string };
  readonly action: {
    readonly kind: string;
    readonly stage?: GateStage;
    readonly reversible?: boolean;
    readonly from?: Readonly<Record<string, unknown>>;
    readonly to?: Readonly<Record<string, unknown>>;
    readonly blastRadius?: Readonly<Record<string, unknown>>;
    readonly planGeneration?: string;
    readonly objective?: string;
  };
  readonly target: Readonly<Record<string, string>>;
  readonly inputs?: readonly Readonly<Record<string, unknown>>[];
  readonly needs?: Readonly<Record<string, unknown>>;
  readonly approval?: Readonly<Record<string, string>>;
}

export interface GateReason {
  readonly code: string;
  readonly text: string;
  readonly constraint: string;
  readonly severity: 'blocking' | 'info';
  readonly since: string | null;
  readonly evidence: string | null;
}

export interface GateDecision {
  readonly decision: 'allow' | 'deny' | 'hold';
  /** null: decided here, because the gate did not answer. */
  readonly decisionId: string | null;
  readonly validUntil: string;
  readonly retryAfterS: number | null;
  readonly reasons: readonly GateReason[];
  readonly limits: Readonly<Record<string, unknown>>;
  readonly wouldAllowIf: readonly string[];
  readonly failMode: string | null;
  readonly receipt: string | null;
  /** null: the gate answered. `refused`: it did not take the question (a wrong key, a bad field). */
  readonly local: {
    readonly because: 'unreachable' | 'refused';
    readonly text: string;
    /** Somebody should be told: nobody decides about this alone. */
    readonly pages: boolean;
  } | null;
}

/** Asks. Never throws for what the other side does: what is no answer becomes a local decision, and says so in `local`. */
export function askGate(gate: GateAddress, request: GateRequest): Promise<GateDecision>;

export interface GuardOptions {
  /** Through a hold, and while the gate is unreachable, it asks again for so long; 0 unless told: once. */
  readonly deadlineMs?: number;
  /** Do less instead of nothing when only less is allowed. */
  readonly clamp?: boolean;
  /** The generation of the plan as it is right now; another one than was asked for is not carried out. */
  readonly planGeneration?: () => string | Promise<string>;
  /** Of the gate's replicas: an allow without a receipt that they signed for this is none. */
  readonly publicKeys?: readonly string[];
  readonly signal?: AbortSignal;
}

export interface Permission {
  readonly decision: GateDecision;
  /** Sizes that are allowed; other than asked only with `clamp`. */
  readonly to: Readonly<Record<string, unknown>>;
  /** Aborts when the allow ends. */
  readonly signal: AbortSignal;
}

export type Guarded<Result> =
  | { readonly acted: true; readonly result: Result; readonly decision: GateDecision }
  | { readonly acted: false; readonly why: string; readonly decision: GateDecision };

/** Acts only on an allow: inside its limits, before its end, for this plan. What `act` throws is thrown. */
export function guard<Result>(
  gate: GateAddress,
  request: GateRequest,
  act: (permission: Permission) => Result | Promise<Result>,
  options?: GuardOptions,
): Promise<Guarded<Result>>;

export interface UnreachableMode {
  readonly kind: string;
  readonly stage: string;
  readonly unreachable: 'open' | 'capped' | 'budget' | 'hold' | 'closed';
  readonly capRatio: number | null;
  readonly pages: boolean;
}

/** What happens by itself while the gate cannot be reached; first match wins. */
export const UNREACHABLE_MODES: readonly UnreachableMode[];
