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
    if (glob[g] === '*') {
      starAt = g++;
      resumeAt = t;
    } else if (g < glob.length && glob[g] === text[t]) {
      g++;
      t++;
    } else if (starAt >= 0) {
      g = starAt + 1;
      t = ++resumeAt;
    } else {
      return false;
    }
  }
  while (glob[g] === '*') g++;
  return g === glob.length;
}
