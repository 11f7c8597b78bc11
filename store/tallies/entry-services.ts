import type { DesignIntent, EdgeHistory } from '../../core/system-history.ts';

/** Fewer calls make nobody a caller: a probe, a person with a shell. */
const CALLS_MIN = 60;

/**
 * Services that users come in at: those that people's objectives name, as far as no other service calls them; else
 * callers whom nobody calls; else, where no calls are known, all that the objectives name.
 */
export function entryServices({
  edges,
  intent,
  serviceNames,
}: {
  readonly edges: readonly EdgeHistory[];
  readonly intent: DesignIntent;
  readonly serviceNames: readonly string[];
}): ReadonlySet<string> {
  const real = edges.filter(({ from, to, calls }) => from !== to && total(calls) >= CALLS_MIN);
  const called = new Set(real.map(({ to }) => to));
  const callers = new Set(real.map(({ from }) => from));
  const named = serviceNames.filter((name) =>
    intent.objectives.ofRequests?.some(({ service }) => service === name),
  );
  const choices = [
    named.filter((name) => !called.has(name)),
    serviceNames.filter((name) => callers.has(name) && !called.has(name)),
    named,
  ];
  return new Set(choices.find((names) => names.length > 0) ?? []);
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => (value > 0 ? sum + value : sum), 0);
}
