import { type Document, isMap, isScalar, LineCounter, parseAllDocuments, visit } from 'yaml';
import { type Place as TextPlace, yamlPosition } from '../constraints/yaml-position.ts';
import { Part } from './part.ts';
import type { Manifest } from './rule.ts';

/** About a text, not about a setting: why a document was not checked (the others of its file were), or a useless suppression. */
export interface Remark {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint: string;
}

export interface ReadManifests {
  /** Documents that were read, a List without items among them. */
  readonly documentCount: number;
  readonly manifests: readonly Manifest[];
  readonly refusals: readonly Remark[];
  /** Documents that are no Kubernetes objects, such as a compose file in a folder. */
  readonly foreign: readonly Remark[];
}

/** About 25 s and 1.5 GB: a YAML parser is no place for more. */
const TEXT_LENGTH_MAX = 16 * 1_048_576;
const LIST_DEPTH_MAX = 4;
const HELM = /\{\{-?[^}]{0,200}(\.(Values|Release|Chart|Capabilities)\b|\b(include|toYaml|tpl)\b)/;
const RENDER_FIRST = 'render it first: helm template RELEASE CHART | plumbline failmodes -';

/** One document with what stands before it: its lines count from `lineOffset`. */
interface Chunk {
  readonly text: string;
  readonly lineOffset: number;
}

/** A stream is cut at its `---` lines before it is parsed, so that a broken document takes no other with it. */
function chunksOf(text: string): Chunk[] {
  const marks = [...text.matchAll(/^---(?=\s|$)/gm)].map(({ index }) => index);
  const starts = marks[0] === 0 ? marks : [0, ...marks];
  let lineOffset = 0;
  return starts.map((start, index) => {
    const chunk = { text: text.slice(start, starts[index + 1]), lineOffset };
    lineOffset += chunk.text.split('\n').length - 1;
    return chunk;
  });
}

/** `name: {{ x }}` without quotes is valid YAML: a map whose key is a map. */
function hasMapAsKey(document: Document.Parsed): boolean {
  let found = false;
  visit(document, {
    Pair: (_, { key }) => {
      if (!isMap(key)) return undefined;
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

/** The group of `keda.sh/v1alpha1`; the core group has no name. */
function apiOf(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** Rule files of Prometheus and of Grafana say what they are by their members only. */
function kindOfGroups(root: Part): { group: string; kind: string } | null {
  const rules = root.at('groups').items.flatMap((group) => group.at('rules').items);
  if (rules.length === 0) return null;
  if (rules.some((rule) => rule.at('expr').isWritten)) return { group: 'prometheus', kind: 'RuleFile' };
  const isGrafana = rules.some((rule) => rule.at('data').isWritten || rule.at('noDataState').isWritten);
  return isGrafana ? { group: 'grafana', kind: 'RuleFile' } : null;
}

interface Source {
  readonly file: string;
  readonly positionOf: Manifest['positionOf'];
}

/** The objects of one document: itself, or the items of a List, or what a ConfigMap holds. */
function* manifestsOf(root: Part, source: Source, depth: number): Generator<Manifest | 'foreign'> {
  const apiVersion = root.at('apiVersion').text;
  const kind = root.at('kind').text;
  if (apiVersion === null || kind === null) {
    const known = kindOfGroups(root);
    if (known === null) yield 'foreign';
    else yield { ...source, ...known, version: '', name: source.file, namespace: null, root };
    return;
  }
  if (kind.endsWith('List') && root.at('items').isWritten && depth < LIST_DEPTH_MAX) {
    for (const item of root.at('items').items) yield* manifestsOf(item, source, depth + 1);
    return;
  }
  const metadata = root.at('metadata');
  const name = metadata.at('name').text ?? metadata.at('generateName').text ?? '(no name)';
  yield { ...source, ...apiOf(apiVersion), kind, name, namespace: metadata.at('namespace').text, root };
  if (kind === 'ConfigMap' && apiVersion === 'v1') {
    for (const [, value] of root.at('data').members) yield* heldBy(value, source, name);
  }
}

/** Policies and rule files live in ConfigMaps: the text of `value` as objects, placed where they stand in the file. */
function* heldBy(value: Part, source: Source, name: string): Generator<Manifest> {
  const { text } = value;
  if (text === null || !/^\s*("?kind"?:|"?apiVersion"?:|\{|groups:)/m.test(text)) return;
  const lines = new LineCounter();
  const [document, second] = parseAllDocuments(text, { lineCounter: lines }) as Document.Parsed[];
  if (document === undefined || second !== undefined || document.errors.length > 0) return;
  const inner = jsOf(document);
  if (inner === null) return;
  const positionOf: Manifest['positionOf'] = (part) => {
    const { line, column } = yamlPosition({ document, lines, text }, placeOf(part));
    return source.positionOf(new TextPart(value, (lines.lineStarts[line - 1] ?? 0) + column - 1));
  };
  for (const found of manifestsOf(new Part(inner), { ...source, positionOf }, LIST_DEPTH_MAX)) {
    if (found !== 'foreign' && found.kind !== 'ConfigMap') {
      yield { ...found, name: found.name === '(no name)' ? name : found.name };
    }
  }
}

/** A character of a text value. */
class TextPart extends Part {
  readonly offset: number;

  constructor(of: Part, offset: number) {
    super(of.value, of.path);
    this.offset = offset;
  }
}

/** The document as a value; null when its aliases multiply without end. */
function jsOf(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 10_000 }) ?? null;
  } catch {
    return null;
  }
}

function placeOf(part: Part): TextPlace {
  const { path, text, value } = part;
  const within = part instanceof TextPart && text !== null ? { text, offset: part.offset } : undefined;
  return { path, atKey: typeof value === 'object', within };
}

function readChunk({ text, lineOffset }: Chunk, file: string): ReadManifests {
  const lines = new LineCounter();
  const refuse = (offset: number, message: string, hint: string): Remark => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line) + lineOffset, column: Math.max(1, col), message, hint };
  };
  const read = {
    documentCount: 0,
    manifests: [] as Manifest[],
    refusals: [] as Remark[],
    foreign: [] as Remark[],
  };
  const documents = parseAllDocuments(text, { lineCounter: lines, merge: true, logLevel: 'error' });
  for (const document of documents as Document.Parsed[]) {
    const [error] = document.errors;
    const start = document.contents?.range?.[0] ?? 0;
    if (error !== undefined || hasMapAsKey(document)) {
      const isTemplate = text.includes('{{');
      const message = isTemplate
        ? 'this is a template, not a manifest'
        : (error?.message.split(/ at line \d+, column \d+/)[0] ?? 'a map stands where a name belongs');
      const hint = isTemplate ? RENDER_FIRST : 'check indentation, brackets and quotes';
      read.refusals.push(refuse(error?.pos[0] ?? start, message, hint));
      continue;
    }
    if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
      continue; // nothing but comments
    }
    if (HELM.test(text)) {
      const offset = text.search(HELM);
      read.refusals.push(refuse(offset, 'this is a template of Helm, not a manifest', RENDER_FIRST));
      continue;
    }
    const value = jsOf(document);
    if (value === null) {
      read.refusals.push(refuse(start, 'its aliases cannot be resolved', 'write the values out'));
      continue;
    }
    const positionOf: Manifest['positionOf'] = (part) => {
      const { line, column } = yamlPosition({ document, lines, text }, placeOf(part));
      return { line: line + lineOffset, column };
    };
    read.documentCount++;
    for (const found of manifestsOf(new Part(value), { file, positionOf }, 0)) {
      if (found !== 'foreign') read.manifests.push(found);
      else {
        const hint = 'a manifest has apiVersion and kind; a rule file has groups with rules';
        read.foreign.push(refuse(start, 'this is no Kubernetes object', hint));
      }
    }
  }
  return read;
}

/** Every object of a text: YAML with any number of documents, JSON, or a List as kubectl prints it. */
export function readManifests(text: string, file: string): ReadManifests {
  if (text.length > TEXT_LENGTH_MAX) {
    const message = `${text.length} characters are more than the ${TEXT_LENGTH_MAX} that are read`;
    const hint = 'give it in parts, for example one namespace at a time';
    return {
      documentCount: 0,
      manifests: [],
      refusals: [{ file, line: 1, column: 1, message, hint }],
      foreign: [],
    };
  }
  const read = chunksOf(text).map((chunk) => readChunk(chunk, file));
  return {
    documentCount: read.reduce((sum, { documentCount }) => sum + documentCount, 0),
    manifests: read.flatMap(({ manifests }) => manifests),
    refusals: read.flatMap(({ refusals }) => refusals),
    foreign: read.flatMap(({ foreign }) => foreign),
  };
}
