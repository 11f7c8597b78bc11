import type { ConstraintFile } from './constraint-set.ts';
import type { GlobalObjectiveText, SliText } from './design-sections.ts';
import { mismatch as error, type Mismatch } from './mismatch.ts';

type Path = Mismatch['path'];

/** How the SLI is given; null: not so that it could be read. */
function sliForm(sli: SliText): 'own' | 'document' | 'file' | null {
  const isOwn = sli.service !== undefined || sli.route !== undefined || sli.good !== undefined;
  const isDocument = [sli.apiVersion, sli.kind, sli.metadata, sli.spec].some((part) => part !== undefined);
  const forms = [isOwn && 'own', isDocument && 'document', sli.file !== undefined && 'file'] as const;
  const given = forms.filter((form) => form !== false);
  return given.length === 1 ? (given[0] ?? null) : null;
}

function checkSli(sli: SliText, path: Path): Mismatch[] {
  const form = sliForm(sli);
  const hint = 'write service, route and good; or an OpenSLO v1 document; or file';
  if (form === null) return [error(path, 'an sli is one of three things', hint)];
  if (
    form === 'document' &&
    (sli.apiVersion === undefined || sli.kind === undefined || sli.spec === undefined)
  ) {
    const message = 'an OpenSLO document has apiVersion, kind and spec';
    return [error(path, message, 'write apiVersion: openslo/v1, kind: SLI, and spec')];
  }
  if (form === 'own' && sli.good === undefined) {
    return [error(path, 'the sli does not say which requests are good', 'add good: "status < 500"')];
  }
  if (sli.file?.startsWith('/') || sli.file?.split('/').includes('..')) {
    const message = `${sli.file} is not below the folder of this file`;
    return [error([...path, 'file'], message, 'write a path like slo/checkout.yaml')];
  }
  return [];
}

function checkTarget(objective: GlobalObjectiveText, path: Path): Mismatch[] {
  const { id, metric, sli, target, maxRatioToReference } = objective;
  const isRatio = metric === 'ok_ratio' || sli !== undefined;
  // A document of kind SLO brings its own, and a file may hold one: what they say is looked at where they are read.
  const mayBring = sli !== undefined && sliForm(sli) !== 'own';
  if (target === undefined && maxRatioToReference === undefined && !mayBring) {
    const example = isRatio ? 'target: ">= 99.5%"' : 'maxRatioToReference: 1.05';
    return [error(path, `objective "${id}" has no target`, `add ${example}`)];
  }
  if (maxRatioToReference !== undefined && isRatio) {
    const message = `"${id}" is a share of good requests: more of it than in the reference is no fault`;
    return [error([...path, 'maxRatioToReference'], message, 'write target: ">= 99.5%"')];
  }
  if (target === undefined || mayBring) return [];
  const { comparator, value } = target;
  const healthy = isRatio ? '>=' : '<=';
  if (comparator !== healthy) {
    const message = `"${id}" "${comparator} ${value}" would be missed by a healthier system`;
    return [error([...path, 'target'], message, `turn it round: "${healthy} ${value}"`)];
  }
  if (value <= 0 || (isRatio && value > 1)) {
    const message = `"${id}" "${comparator} ${value}" is no target anybody could miss or meet`;
    return [
      error([...path, 'target'], message, isRatio ? 'write it like ">= 99.5%"' : 'write it like "<= 250"'),
    ];
  }
  return [];
}

/** Objectives of the whole that say what they are about, and how much of it. */
export function checkObjectives({ objectives: { global } }: ConstraintFile): Mismatch[] {
  return global.flatMap((objective, index): Mismatch[] => {
    const { id, metric, sli } = objective;
    const path: Path = ['objectives', 'global', index];
    if (metric === undefined && sli === undefined) {
      return [error(path, `objective "${id}" says neither metric nor sli`, 'add metric: p99_ms')];
    }
    if (metric !== undefined && sli !== undefined) {
      return [error([...path, 'sli'], `objective "${id}" has a metric and an sli`, 'keep one of them')];
    }
    const ofSli = sli === undefined ? [] : checkSli(sli, [...path, 'sli']);
    return ofSli.length > 0 ? ofSli : checkTarget(objective, path);
  });
}
