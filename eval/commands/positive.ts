import { InvalidArgumentError } from 'commander';

/** Parses an option that counts something. @throws InvalidArgumentError */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value <= 0) {
    throw new InvalidArgumentError('It takes a whole number above 0.');
  }
  return value;
}
