/** How a failure is kept from those who would have seen it. */
export type MaskKind =
  | 'retry'
  | 'absorbed'
  | 'fallback'
  | 'not-called'
  | 'refused'
  | 'stale'
  | 'lost-endpoint'
  | 'restart'
  | 'breaker-opening';

export interface MaskRule {
  /** Below this share of calls nobody needs to know. */
  readonly floorRatio: number;
  /** Times the accepted period's share. */
  readonly factor: number;
  /** What hides it, in plain words. */
  readonly hiddenBy: string;
  readonly says: string;
  readonly advice: string;
}

/** Floors and factors of drift.md 3.5; stale answers change with a time to live and hardly else: twice is a change. */
export const MASK_RULES: Readonly<Record<MaskKind, MaskRule>> = {
  retry: {
    floorRatio: 0.002,
    factor: 4,
    hiddenBy: 'retries',
    says: 'attempts fail and are made again',
    advice: 'see why its first attempts fail, and limit what may be tried again',
  },
  absorbed: {
    floorRatio: 0.01,
    factor: 4,
    hiddenBy: 'answers given in spite of failed calls',
    says: 'calls fail for good, and the caller answers all the same',
    advice: 'see why the calls fail, and what the caller answers instead',
  },
  fallback: {
    floorRatio: 0.01,
    factor: 4,
    hiddenBy: 'fallback answers',
    says: 'requests get the fallback answer',
    advice: 'see whether the dependency answers others, and close the breaker by hand if it does',
  },
  'not-called': {
    floorRatio: 0.5,
    factor: 0,
    hiddenBy: 'answers given without the call',
    says: 'the call is left out of most requests that used to make it',
    advice: 'see whether a breaker, a flag or a cache stands in for it, and for how long it should',
  },
  refused: {
    floorRatio: 0.01,
    factor: 4,
    hiddenBy: 'answers given though a breaker refused the call',
    says: 'a breaker or a full pool refuses the call, and the caller answers all the same',
    advice:
      'see whether the dependency answers others; if it does, why the breaker stays open, else why the pool is full',
  },
  stale: {
    floorRatio: 0.02,
    factor: 2,
    hiddenBy: 'stale answers',
    says: 'answers come from copies that are out of date',
    advice: 'see whether the cache still fills, and who set how long a copy may live',
  },
  'lost-endpoint': {
    floorRatio: 0.1,
    factor: 4,
    hiddenBy: 'the replicas that are left',
    says: 'replicas are not ready',
    advice: 'see why they do not become ready; what is left of the pool is the reserve',
  },
  restart: {
    floorRatio: 0,
    factor: 1,
    hiddenBy: 'restarts',
    says: 'its containers are started again and again',
    advice: 'read the reason and the last log of what ended; requests in flight are lost each time',
  },
  'breaker-opening': {
    floorRatio: 0,
    factor: 1,
    hiddenBy: 'a circuit breaker',
    says: 'the breaker opens and closes again and again',
    advice: 'see what fails behind it: it heals nothing, it hides',
  },
};
