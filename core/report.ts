/** What on-call reads; one report per finding or failed verdict, updated under the same id. */
export interface Report {
  readonly id: string;
  /** What it is about: a finding id, or `verdict:<source>:<dimension>`. */
  readonly subjectId: string;
  readonly state: 'open' | 'closed';
  readonly openedAt: string;
  readonly updatedAt: string;
  readonly closedAt: string | null;
  /** One sentence: what, how much, since when, how sure. */
  readonly headline: string;
  readonly markdown: string;
  readonly facts: Readonly<Record<string, unknown>>;
}
