import type { Source } from './source.ts';

/** Records of one source that we refused while their neighbours were stored. */
export interface Rejections {
  readonly source: Source;
  readonly reason: string;
  /** All of the stretch that was read, and of its newer part. */
  readonly slow: number;
  readonly fast: number;
  readonly lastMs: number;
}
