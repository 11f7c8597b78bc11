/** Normal noise of variance 1 whose neighbours resemble each other: an AR(1), started in its own distribution. */
export function simulatedNoise(of: { length: number; phi: number; random: () => number }): number[] {
  const { phi, random } = of;
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  let last = normal();
  return Array.from({ length: of.length }, () => {
    last = phi * last + Math.sqrt(1 - phi * phi) * normal();
    return last;
  });
}
