/** One line of the scoreboard. */
export interface Score {
  readonly measure: string;
  /** As people say it: `>= 0.95`. */
  readonly goal: string;
  readonly measured: string;
  readonly isMet: boolean;
}

export function atLeast(measure: string, goal: number, value: number | null): Score {
  return { measure, goal: `>= ${goal}`, measured: text(value), isMet: value !== null && value >= goal };
}

export function atMost(measure: string, goal: number, value: number | null): Score {
  return { measure, goal: `<= ${goal}`, measured: text(value), isMet: value !== null && value <= goal };
}

function text(value: number | null): string {
  return value === null ? 'none' : String(Number(value.toPrecision(3)));
}
