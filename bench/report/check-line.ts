/** A goal, what was measured, and whether that is enough: bench prints, it does not fail. */
export function checkLine(goal: string, measured: number, isMet: boolean): string {
  return `${isMet ? 'met   ' : 'MISSED'}  ${goal}: ${measured.toPrecision(3)}`;
}
