/** Of one service, the spans that can be parents of remote ones; a subset where these are very many. */
export interface OpenParents {
  readonly spans: number;
  /** That arrived later after their start than parents are waited for. */
  readonly late: number;
}
