/** A loop that reinforces waste, before it is told. */
export interface Loop {
  readonly kind: 'oscillation' | 'ratchet' | 'retry-storm';
  readonly service: string;
  /** Who or what drives it. */
  readonly driver: string | null;
  readonly onsetMinute: number;
  readonly detectedMinute: number;
  readonly confirmedMinute: number | null;
  readonly closedMinute: number | null;
  readonly metric: string;
  readonly ratio: number;
  readonly lower: number;
  readonly upper: number;
  readonly atEqualLoad: boolean;
  readonly decisions: readonly string[];
  readonly text: string;
  readonly evidence: Readonly<Record<string, unknown>>;
}
