/** For people: two digits that count. */
export function percent(ratio: number): string {
  return `${Number((100 * ratio).toPrecision(2))} %`;
}
