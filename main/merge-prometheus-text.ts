interface Family {
  readonly head: string[];
  readonly samples: string[];
}

/**
 * One exposition from those of several processes: a family may appear only once, so its HELP and TYPE lines
 * are kept from the first process that has it and the samples follow in the order of the processes.
 * @param texts each in Prometheus' text format, families contiguous and led by HELP or TYPE
 */
export function mergePrometheusText(texts: readonly string[]): string {
  const families = new Map<string, Family>();
  for (const text of texts) {
    const begun = new Set<string>();
    let family: Family | null = null;
    let isFirst = false;
    for (const line of text.split('\n')) {
      const name = /^# (?:HELP|TYPE|UNIT) (\S+)/.exec(line)?.[1];
      if (name !== undefined) {
        if (!begun.has(name)) {
          begun.add(name);
          isFirst = !families.has(name);
          family = families.get(name) ?? { head: [], samples: [] };
          families.set(name, family);
        }
        if (isFirst) family?.head.push(line);
      } else if (line !== '' && !line.startsWith('#')) {
        family?.samples.push(line);
      }
    }
  }
  return [...families.values()].map(({ head, samples }) => `${[...head, ...samples].join('\n')}\n`).join('');
}
