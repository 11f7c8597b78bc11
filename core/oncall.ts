/** Whom a report is for, and how much they are told at once. */
export interface Oncall {
  /** Person or rotation, as constraint files name them. */
  readonly oncall: string;
  readonly pagesPerShiftMax: number;
  readonly pagesPerWeekMax: number;
  /** Minutes after midnight UTC at which the rest is told. */
  readonly digestMinute: number;
}

/** A report's subject, as far as it says who is told, and how. */
export interface ToldSubject {
  /** The ones it is about, the nearest to the cause first. */
  readonly services: readonly string[];
  /** Names by which a `notify` section may speak of it. */
  readonly names: readonly { readonly of: 'drift' | 'intent' | 'source'; readonly name: string }[];
}

/** Of one report: whose it is, and whether it may be told at once at all. */
export interface Addressed extends Oncall {
  readonly isPaged: boolean;
}
