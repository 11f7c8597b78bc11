/** How on-call was told of a piece of news: at once, in the digest, or as the end of what had been told at once. */
export type ToldWay = 'page' | 'digest' | 'close';

export interface ToldNews {
  /** Delivery id. */
  readonly id: string;
  readonly oncall: string;
  readonly atMs: number;
  readonly way: ToldWay;
  /** `<report id>.<when it was due>` of the digest that lists it; empty: none yet. */
  readonly digestId: string;
  readonly reportId: string;
  /** Of the report: a subject that comes back opens its report anew. */
  readonly openedAtMs: number;
  readonly news: string;
  /** Of the finding, or `fail` of a verdict; empty: over. */
  readonly state: string;
  readonly effectSize: number | null;
  readonly confidence: number;
  readonly headline: string;
}

/** What on-call reads first: what is not over, confirmed before suspected, then the larger effect, then the surer one. */
export function byUrgency(
  a: Pick<ToldNews, 'state' | 'effectSize' | 'confidence'>,
  b: Pick<ToldNews, 'state' | 'effectSize' | 'confidence'>,
): number {
  return (
    rank(b.state) - rank(a.state) ||
    compare(b.effectSize ?? -1, a.effectSize ?? -1) ||
    b.confidence - a.confidence
  );
}

/** Without a difference, for two effects may both be without bounds. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a > b ? 1 : -1;
}

function rank(state: string): number {
  return ['', 'closed', 'cannot-say', 'suspect', 'fail', 'confirmed'].indexOf(state);
}
