const STAR = 42;

/**
 * Whether the whole text matches a glob in which `*` stands for any run of characters, dots and slashes
 * included: `scale.*`, `hpa/*`. Linear two-pointer walk with one point to go back to: the text comes from
 * callers, and a regular expression with several `.*` can be made to take exponential time.
 */
export function matchGlob(glob: string, text: string): boolean {
  let g = 0;
  let t = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (t < text.length) {
    // NaN at the end of the glob, which is no character.
    const wanted = glob.charCodeAt(g);
    if (wanted === STAR) {
      starAt = g++;
      resumeAt = t;
    } else if (wanted === text.charCodeAt(t)) {
      g++;
      t++;
    } else if (starAt >= 0) {
      g = starAt + 1;
      t = ++resumeAt;
    } else {
      return false;
    }
  }
  while (glob.charCodeAt(g) === STAR) g++;
  return g === glob.length;
}
