import type { Stage } from '../../core/decision.ts';
import type { Position } from '../constraints/yaml-position.ts';
import type { Part, Path } from './part.ts';

/** error: contradicts the table of fail modes; warning: weaker than it; info: worth knowing. */
export type Severity = 'error' | 'warning' | 'info';

/** One object of a file. Files of Prometheus and Grafana have no kind; they are given one. */
export interface Manifest {
  readonly file: string;
  /** Without a version: `autoscaling`, `keda.sh`; empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | null;
  readonly root: Part;
  /** A value, the name of a map or a list; the nearest name around it when it is not written. */
  readonly positionOf: (part: Part) => Position;
}

/** One change of a fix; `set` past the end of a list appends. */
export type Edit =
  | { readonly set: Path; readonly to: unknown }
  | { readonly remove: Path }
  /** Another object beside this one. */
  | { readonly add: Readonly<Record<string, unknown>> };

/** A place a rule looked at: `found` says what is wrong there, null that nothing is. */
export interface Place {
  readonly at: Part;
  readonly found: string | null;
  readonly fix: readonly Edit[];
}

export interface Rule {
  /** Stable: suppressions and code scanning name it. */
  readonly id: string;
  readonly severity: Severity;
  /** `group/Kind` of the objects it reads. */
  readonly kinds: readonly string[];
  readonly stage: Stage;
  /** Action kinds of the table of fail modes that the setting decides about. */
  readonly actions: readonly string[];
  /** What happens on missing data, or while somebody is away. */
  readonly natively: string;
  /** Where the project says so: documentation, or a file of its source. */
  readonly sources: readonly string[];
  /** Pure; `all` are the other objects of the same run. */
  readonly check: (manifest: Manifest, all: readonly Manifest[]) => Iterable<Place>;
}

/** The place is as it should be. */
export function fine(at: Part): Place {
  return { at, found: null, fix: [] };
}

export function wrong(at: Part, found: string, ...fix: readonly Edit[]): Place {
  return { at, found, fix };
}

export function set(at: Part, to: unknown): Edit {
  return { set: at.path, to };
}
