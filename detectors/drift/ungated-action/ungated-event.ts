/** Something was done, and no gate allowed it. */
export interface UngatedEvent {
  readonly minute: number;
  readonly service: string;
  /** null: it left no record, only its effect. */
  readonly actor: string | null;
  readonly why:
    | 'not-asked'
    | 'silent'
    | 'refused'
    | 'decision-missing'
    | 'decision-expired'
    | 'outside-bounds';
  /** What was done: the kind of a recorded action, or the setting that moved. */
  readonly what: string;
  readonly before: number | null;
  readonly after: number | null;
  readonly decisionId: string | null;
  /** From when on nothing late can excuse it. */
  readonly certainMinute: number | null;
  /** When it was excused after all, or undone at once. */
  readonly withdrawnMinute: number | null;
  /** When its effect was undone; null: not known to be. */
  readonly revertedMinute: number | null;
}
