/** Of which services rollups of minutes are read, and how. */
export interface RollupQuery {
  readonly serviceNames: readonly string[];
  /** Services of which people said that nothing samples their spans: one without a mark is one request. */
  readonly unsampledNames: ReadonlySet<string>;
  readonly fromMs: number;
  readonly untilMs: number;
}
