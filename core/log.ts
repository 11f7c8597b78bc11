/** The little of a logger that rooms need; pino satisfies it. Facts first, then one sentence. */
export interface Log {
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
}
