import type { Manifest } from './rule.ts';

const NAME = 'plumbline.dev/failmodes-ignore';

/** Where the text of a suppression stands, and the findings it is about. */
export interface Suppression {
  readonly file: string;
  readonly line: number;
  readonly ids: readonly string[];
  /** Without one nothing is suppressed. */
  readonly reason: string;
  readonly covers: (finding: { readonly line: number; readonly manifest: Manifest }) => boolean;
}

/** `KEDA001,HPA002 reason; WEB003 another reason` */
function entriesOf(written: string): { ids: string[]; reason: string }[] {
  return written
    .split(/[;\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [, ids = '', reason = ''] = /^([\w]+(?:\s*,\s*[\w]+)*)\s*(.*)$/s.exec(entry) ?? [];
      return { ids: ids.split(',').map((id) => id.trim()), reason: reason.trim() };
    });
}

/** Annotations suppress in their object. */
function* annotated(manifest: Manifest): Generator<Suppression> {
  const at = manifest.root.at('metadata', 'annotations', NAME);
  if (at.text === null) return;
  const { line } = manifest.positionOf(at);
  for (const entry of entriesOf(at.text)) {
    yield { file: manifest.file, line, ...entry, covers: (finding) => finding.manifest === manifest };
  }
}

/**
 * A comment suppresses on its own line; alone on a line, on the next; before the first line of a document, in all of it.
 */
function* commented(text: string, file: string): Generator<Suppression> {
  const lines = text.split('\n');
  for (const [index, content] of lines.entries()) {
    const match = /^(.*?)(?:^|\s)#\s*plumbline\.dev\/failmodes-ignore:\s*(.+?)\s*$/.exec(content);
    if (match === null) continue;
    const isAlone = match[1]?.trim() === '';
    const next = lines.findIndex((one, at) => at > index && !/^\s*(#|$)/.test(one) && !one.startsWith('---'));
    const isHead =
      isAlone && !lines.slice(documentStart(lines, index), index).some((one) => /^\s*[^#\s]/.test(one));
    const end = lines.findIndex((one, at) => at > Math.max(index, next - 1) && one.startsWith('---'));
    const last = end < 0 ? lines.length : end;
    for (const entry of entriesOf(match[2] as string)) {
      yield {
        file,
        line: index + 1,
        ...entry,
        covers: ({ line }) => (isHead ? line > index && line <= last : line === (isAlone ? next : index) + 1),
      };
    }
  }
}

function documentStart(lines: readonly string[], index: number): number {
  for (let at = index; at >= 0; at--) if (lines[at]?.startsWith('---') === true) return at + 1;
  return 0;
}

export function suppressionsIn(
  text: string,
  of: { readonly file: string; readonly manifests: readonly Manifest[] },
): Suppression[] {
  return [...commented(text, of.file), ...of.manifests.flatMap((manifest) => [...annotated(manifest)])];
}
