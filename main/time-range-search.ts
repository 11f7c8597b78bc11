/** `from` and `until` as flags give them, as the search of an address; empty where neither is given. */
export function timeRangeSearch(
  flags: { readonly from?: string; readonly until?: string },
  others: Readonly<Record<string, string | undefined>> = {},
): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries({ from: flags.from, until: flags.until, ...others })) {
    if (value !== undefined) search.set(name, value);
  }
  return search.size === 0 ? '' : `?${search}`;
}
