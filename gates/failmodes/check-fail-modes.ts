import { STAGES, type Stage } from '../../core/decision.ts';
import { builtInFailMode } from '../fail-modes.ts';
import { misspeltKind } from './misspelt-kind.ts';
import { Part } from './part.ts';
import { type ReadManifests, type Remark, readManifests } from './read-manifests.ts';
import { renderFix } from './render-fix.ts';
import type { Edit, Manifest, Place, Rule, Severity } from './rule.ts';
import { RULES } from './rules.ts';
import { type Suppression, suppressionsIn } from './suppressions.ts';

export interface ManifestText {
  readonly file: string;
  readonly text: string;
  /** Of a file that was named: then what is no Kubernetes object is refused, not passed over. */
  readonly isNamed: boolean;
}

export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  readonly stage: Stage;
  readonly actions: readonly string[];
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `ScaledObject shop/checkout` */
  readonly object: string;
  readonly found: string;
  readonly natively: string;
  readonly sources: readonly string[];
  /** What the table of fail modes says instead, for each of the actions. */
  readonly table: string;
  readonly edits: readonly Edit[];
  readonly fix: string;
  /** The reason written beside it, or null. */
  readonly suppressed: string | null;
}

interface StageCount {
  readonly stage: Stage;
  readonly checked: number;
  readonly contradict: number;
  readonly weaker: number;
}

export interface FailModeReport {
  readonly fileCount: number;
  readonly objectCount: number;
  readonly findings: readonly Finding[];
  readonly refusals: readonly Remark[];
  /** Suppressions that suppress nothing, or name no reason or no rule. */
  readonly notes: readonly Remark[];
  readonly stages: readonly StageCount[];
  /** Objects no rule reads, by kind. */
  readonly unjudged: Readonly<Record<string, number>>;
  /** Documents of folders that are no Kubernetes objects. */
  readonly foreignCount: number;
}

/** The words of the table, from the table. */
export function tableText({ actions, stage }: Pick<Rule, 'actions' | 'stage'>): string {
  return actions
    .map((kind) => {
      const { unknown, why } = builtInFailMode({ kind, stage });
      return `${kind}: ${unknown} (${why})`;
    })
    .join('; ');
}

function objectOf({ kind, name, namespace }: Manifest): string {
  return `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`;
}

interface Judged {
  readonly rule: Rule;
  readonly manifest: Manifest;
  readonly place: Place;
}

function judge(manifests: readonly Manifest[]): Judged[] {
  return manifests.flatMap((manifest) => {
    const rules = RULES.filter(({ kinds }) => kinds.includes(`${manifest.group}/${manifest.kind}`));
    return rules.flatMap((rule) =>
      [...rule.check(manifest, manifests)].map((place) => ({ rule, manifest, place })),
    );
  });
}

function findingOf({ rule, manifest, place }: Judged, suppressions: readonly Suppression[]): Finding {
  const { line, column } = manifest.positionOf(place.at);
  const edits = relative(place.fix, manifest);
  const by = suppressions.find(
    (one) =>
      one.file === manifest.file &&
      one.reason !== '' &&
      one.ids.includes(rule.id) &&
      one.covers({ line, manifest }),
  );
  return {
    id: rule.id,
    severity: rule.severity,
    stage: rule.stage,
    actions: rule.actions,
    file: manifest.file,
    line,
    column,
    object: objectOf(manifest),
    found: place.found ?? '',
    natively: rule.natively,
    sources: rule.sources,
    table: tableText(rule),
    edits,
    fix: renderFix(new Part(manifest.root.value), edits),
    suppressed: by?.reason ?? null,
  };
}

/** Paths of an item of a List begin in the file; a fix is about the object. */
function relative(edits: readonly Edit[], { root }: Manifest): Edit[] {
  const depth = root.path.length;
  return edits.map((edit) => {
    if ('set' in edit) return { set: edit.set.slice(depth), to: edit.to };
    return 'remove' in edit ? { remove: edit.remove.slice(depth) } : edit;
  });
}

function noteOn(one: Suppression, findings: readonly Finding[]): Remark[] {
  const at = { file: one.file, line: one.line, column: 1 };
  if (one.reason === '') {
    const hint = `write why: plumbline.dev/failmodes-ignore: ${one.ids.join(',')} reason`;
    return [{ ...at, message: 'a suppression without a reason suppresses nothing', hint }];
  }
  return one.ids
    .filter((id) => !findings.some((finding) => finding.id === id && finding.suppressed === one.reason))
    .map((id) => {
      const isRule = RULES.some((rule) => rule.id === id);
      const message = isRule ? `nothing here is suppressed by ${id}` : `there is no rule ${id}`;
      return { ...at, message, hint: 'take it away, or move it to the line of the finding' };
    });
}

function countByKind(manifests: readonly Manifest[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { group, kind } of manifests) {
    if (RULES.some(({ kinds }) => kinds.includes(`${group}/${kind}`))) continue;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}

function refuseMisspelt(manifest: Manifest): Remark[] {
  const meant = misspeltKind(manifest.group, manifest.kind);
  if (meant === null) return [];
  const position = manifest.positionOf(manifest.root.at('kind'));
  const message = `"${manifest.kind}" is no kind of ${manifest.group} that is known here`;
  return [{ file: manifest.file, ...position, message, hint: `did you mean ${meant}?` }];
}

function byPlace(left: Finding, right: Finding): number {
  return left.line - right.line || left.column - right.column || left.id.localeCompare(right.id);
}

/** A check that looked at nothing must not pass: the path is wrong, or what should come in did not. */
function refuseNothing(read: readonly (ReadManifests & { readonly file: string })[]): Remark[] {
  const [first] = read;
  const isNothing = read.every((one) => one.documentCount === one.foreign.length);
  if (first === undefined || !isNothing) return [];
  const hint = 'check the path, or the command whose output this is';
  return [{ file: first.file, line: 1, column: 1, message: 'no Kubernetes object was found', hint }];
}

/** Holds every object of the texts against the table of fail modes. Pure; never throws. */
export function checkFailModes(texts: readonly ManifestText[]): FailModeReport {
  const read = texts.map(({ file, text, isNamed }) => ({
    file,
    text,
    isNamed,
    ...readManifests(text, file),
  }));
  const manifests = read.flatMap((one) => one.manifests);
  const suppressions = read.flatMap(({ text, ...of }) => suppressionsIn(text, of));
  const judged = judge(manifests);
  const wrong = judged.filter(({ place }) => place.found !== null);
  const found = wrong.map((one) => findingOf(one, suppressions));
  const order = new Map(texts.map(({ file }, index) => [file, index]));
  const findings = found.toSorted(
    (left, right) => (order.get(left.file) ?? 0) - (order.get(right.file) ?? 0) || byPlace(left, right),
  );
  const open = findings.filter(({ suppressed }) => suppressed === null);
  const refusals = [
    ...read.flatMap((one) => (one.isNamed ? [...one.refusals, ...one.foreign] : one.refusals)),
    ...manifests.flatMap(refuseMisspelt),
  ];
  return {
    fileCount: texts.length,
    objectCount: manifests.length,
    findings,
    refusals: refusals.length > 0 ? refusals : refuseNothing(read),
    notes: suppressions.flatMap((one) => noteOn(one, findings)),
    stages: STAGES.map((stage) => ({
      stage,
      checked: judged.filter(({ rule }) => rule.stage === stage).length,
      contradict: open.filter((one) => one.stage === stage && one.severity === 'error').length,
      weaker: open.filter((one) => one.stage === stage && one.severity === 'warning').length,
    })).filter(({ checked }) => checked > 0),
    unjudged: countByKind(manifests),
    foreignCount: read.reduce((sum, { foreign, isNamed }) => sum + (isNamed ? 0 : foreign.length), 0),
  };
}
