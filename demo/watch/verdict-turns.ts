/** The little of a verdict (see the API) that a turn is told from. */
export interface SeenVerdict {
  readonly source: {
    readonly tenant: string;
    readonly serviceNamespace: string;
    readonly serviceName: string;
    readonly serviceInstanceId: string;
    readonly signal: string;
  };
  readonly dimension: string;
  readonly outcome: 'pass' | 'fail' | 'unknown';
  readonly estimate: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly unit: 'ratio' | 's';
  readonly validUntil: string;
  readonly reasons: readonly { readonly text: string }[];
}

export interface Turn {
  readonly verdict: SeenVerdict;
  /** Null: seen for the first time. */
  readonly from: SeenVerdict['outcome'] | null;
  readonly to: SeenVerdict['outcome'];
}

/**
 * What changed between two looks. A verdict past its `validUntil` counts as unknown, whatever it said, and so
 * does one that is no longer there.
 * @param seen outcome by key; updated
 * @returns turns in the order of service, signal, instance and dimension
 */
export function foldVerdictTurns(
  seen: Map<string, { outcome: SeenVerdict['outcome']; verdict: SeenVerdict }>,
  verdicts: readonly SeenVerdict[],
  nowMs: number,
): Turn[] {
  const current = new Map(verdicts.map((verdict) => [keyOf(verdict), verdict]));
  const turns: Turn[] = [];
  for (const key of [...new Set([...seen.keys(), ...current.keys()])].sort()) {
    const verdict = current.get(key) ?? (seen.get(key) as { verdict: SeenVerdict }).verdict;
    const from = seen.get(key)?.outcome ?? null;
    const holds = current.has(key) && Date.parse(verdict.validUntil) >= nowMs;
    const to = holds ? verdict.outcome : 'unknown';
    if (to !== from) turns.push({ verdict, from, to });
    seen.set(key, { outcome: to, verdict });
  }
  return turns;
}

function keyOf({ source, dimension }: SeenVerdict): string {
  const { tenant, serviceNamespace, serviceName, signal, serviceInstanceId } = source;
  return [tenant, serviceNamespace, serviceName, signal, serviceInstanceId, dimension].join('\u001f');
}
