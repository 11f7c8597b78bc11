/** A generation of a plan: texts that differ in the number at their end only can be put in order. */
export interface PlanGeneration {
  readonly text: string;
  readonly prefix: string;
  /** null: it ends with no number. */
  readonly number: bigint | null;
}

export function parsePlan(text: string): PlanGeneration {
  const match = /^(.*?)(\d{1,40})$/.exec(text);
  if (match === null) return { text, prefix: text, number: null };
  return { text, prefix: match[1] as string, number: BigInt(match[2] as string) };
}

/** Whether `left` is surely newer; null when the two cannot be put in order. */
export function newerPlan(left: PlanGeneration, right: PlanGeneration): boolean | null {
  if (left.number === null || right.number === null || left.prefix !== right.prefix) return null;
  return left.number > right.number;
}
