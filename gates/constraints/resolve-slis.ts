import { dirname, join } from 'node:path';
import type { ConstraintFile } from './constraint-set.ts';
import type { GlobalObjectiveText, SliText } from './design-sections.ts';
import { isOfAllRequests, isOfAllUsers, sliOf } from './measured-slis.ts';
import { type Mismatch, mismatch } from './mismatch.ts';
import { mapOpenSlo } from './open-slo/map-open-slo.ts';
import { type ParsedYaml, parseYaml } from './parse-yaml.ts';
import type { Problem } from './problem.ts';

/** Reads a file by its path relative to the constraint file. */
export type ReadBeside = (path: string) => string;

export interface ResolvedSlis {
  /** With the documents in the place of the files that hold them. */
  readonly file: ConstraintFile;
  /** About the constraint file. */
  readonly mismatches: readonly Mismatch[];
  /** About the files it refers to. */
  readonly problems: readonly Problem[];
  /** What was read, for the revision. */
  readonly texts: readonly string[];
}

interface Read {
  readonly sli: SliText;
  /** Of a document in a file of its own. */
  readonly fileName?: string;
  readonly parsed?: ParsedYaml;
  readonly text?: string;
}

/**
 * Reads the OpenSLO documents of a constraint file, and refuses what cannot be mapped at its place in the file that
 * holds it.
 * @param of.readBeside left out: files that it refers to cannot be read here, which is a warning
 */
export function resolveSlis(
  file: ConstraintFile,
  of: { readonly fileName: string; readonly readBeside: ReadBeside | undefined },
): ResolvedSlis {
  const mismatches: Mismatch[] = [];
  const problems: Problem[] = [];
  const texts: string[] = [];
  const edges = file.design.topology?.edges ?? [];
  const global = file.objectives.global.map((objective, index): GlobalObjectiveText => {
    const at = ['objectives', 'global', index];
    const read = objective.sli === undefined ? null : readSli(objective.sli, of);
    if (read === null) return objective;
    if (!('sli' in read)) {
      if ('fileName' in read) problems.push(read.problem);
      else mismatches.push({ ...read, path: [...at, 'sli', 'file'] });
      return objective;
    }
    if (read.text !== undefined) texts.push(read.text);
    const resolved = { ...objective, sli: read.sli };
    for (const complaint of complaintsOf(resolved)) {
      const isOwn = complaint.path[0] === 'target' || complaint.path.length === 0;
      if (read.parsed === undefined || read.fileName === undefined || isOwn) {
        mismatches.push({ ...complaint, path: [...at, ...(isOwn ? [] : ['sli']), ...complaint.path] });
      } else {
        const position = read.parsed.positionOf({ path: complaint.path, atKey: false });
        const { message, hint, severity } = complaint;
        problems.push({ file: read.fileName, ...position, message, hint, severity });
      }
    }
    const sli = sliOf(resolved);
    if (sli !== null && !isOfAllUsers(sli, edges) && !isOfAllRequests(sli)) {
      mismatches.push({
        path: [...at, 'sli'],
        message: `"${objective.id}" is about some of the requests: it is kept, and not held against anything yet`,
        hint: hintOf(edges),
        severity: 'warning',
      });
    }
    return resolved;
  });
  return { file: { ...file, objectives: { ...file.objectives, global } }, mismatches, problems, texts };
}

function hintOf(edges: readonly string[]): string {
  const known = edges.length === 0 ? ', by design.topology.edges, of which this file has none' : '';
  return `what is held is about all requests of a service: no route, no duration; and of a quantile, a service that nobody calls${known}`;
}

/** Paths begin at the document, or with `target` at the objective. */
function complaintsOf({ sli, target, id }: GlobalObjectiveText): readonly Mismatch[] {
  if (sli?.apiVersion === undefined) return [];
  if (sli.kind === 'SLO' && target !== undefined) {
    return [mismatch(['target'], `"${id}" has a target here and one in its SLO`, 'keep that of the SLO')];
  }
  const mapped = mapOpenSlo(sli, target);
  return 'refused' in mapped ? mapped.refused : [];
}

function readSli(
  sli: SliText,
  { fileName, readBeside }: { fileName: string; readBeside: ReadBeside | undefined },
): Read | Omit<Mismatch, 'path'> | { readonly fileName: string; readonly problem: Problem } {
  if (sli.file === undefined) return { sli };
  if (readBeside === undefined) {
    return {
      message: `${sli.file} is not looked at here`,
      hint: 'lint the file where it lies: plumbline constraints lint FILE',
      severity: 'warning',
    };
  }
  let text: string;
  try {
    text = readBeside(sli.file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const hint = 'write the path relative to this file';
    return { message: `${sli.file} cannot be read: ${why}`, hint, severity: 'error' };
  }
  const openSloFile = join(dirname(fileName), sli.file);
  const parsed = parseYaml(text);
  if (!('value' in parsed)) {
    return { fileName: openSloFile, problem: { file: openSloFile, ...parsed, severity: 'error' } };
  }
  const { apiVersion, kind, spec } = (parsed.value ?? {}) as Partial<Record<string, unknown>>;
  if (apiVersion !== 'openslo/v1' || (kind !== 'SLI' && kind !== 'SLO')) {
    const position = parsed.positionOf({
      path: [apiVersion === 'openslo/v1' ? 'kind' : 'apiVersion'],
      atKey: false,
    });
    const message = `${String(kind)} of ${String(apiVersion)} is no SLI or SLO of openslo/v1`;
    const hint = 'write apiVersion: openslo/v1 and kind: SLI or SLO';
    return {
      fileName: openSloFile,
      problem: { file: openSloFile, ...position, message, hint, severity: 'error' },
    };
  }
  const document: SliText = { apiVersion, kind, spec: spec as SliText['spec'] };
  return { sli: document, fileName: openSloFile, parsed, text };
}
