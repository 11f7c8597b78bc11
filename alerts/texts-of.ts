/** The texts in what a detector put into evidence as a list; it comes back from the store as JSON. */
export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
