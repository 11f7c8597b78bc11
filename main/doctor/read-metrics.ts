/** One sample of Prometheus' text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export function parseSamples(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (match === null) continue;
    const labels = [...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    samples.push({
      name: match[1] as string,
      labels: Object.fromEntries(labels.map(([, label, value]) => [label, value])),
      value: Number((match[3] as string).replace('Inf', 'Infinity')),
    });
  }
  return samples;
}

/** What the running server says about itself; null when it does not answer. */
export async function readMetrics(apiUrl: string, key: string | undefined): Promise<Sample[] | null> {
  try {
    const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const response = await fetch(`${apiUrl}/metrics`, { headers, signal: AbortSignal.timeout(5_000) });
    return response.ok ? parseSamples(await response.text()) : null;
  } catch {
    return null;
  }
}
