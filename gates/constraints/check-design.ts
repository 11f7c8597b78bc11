import { matchGlob } from '../../core/glob.ts';
import { nearestName } from '../../core/nearest-name.ts';
import type { ConstraintFile } from './constraint-set.ts';
import { mismatch as error, type Mismatch } from './mismatch.ts';

type Path = Mismatch['path'];

function warning(path: Path, message: string, hint: string): Mismatch {
  return { path, message, hint, severity: 'warning' };
}

function hintOf(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === null ? `known: ${known.join(', ')}` : `did you mean "${nearest}"?`;
}

interface Named {
  readonly name: string;
  readonly path: Path;
  readonly atKey?: boolean;
}

/** What a file says about services it does not describe cannot be meant; a file without edges describes none. */
function checkNames({ scope, design, objectives }: ConstraintFile): Mismatch[] {
  const edges = design.topology?.edges;
  if (edges === undefined) return [];
  const services = [
    ...new Set([
      ...edges.flatMap((edge) => edge.split('->')),
      ...Object.keys(design.services),
      scope.service,
    ]),
  ];
  const named: Named[] = [
    ...Object.keys(design.topology?.zones ?? {}).map((name) => ({
      name,
      path: ['design', 'topology', 'zones', name],
      atKey: true,
    })),
    ...Object.keys(design.cache).map((name) => ({ name, path: ['design', 'cache', name], atKey: true })),
    ...(design.topology?.forbid ?? []).flatMap(({ from, to, except }, index) =>
      [from, to, ...except]
        .filter((name) => !name.includes('*'))
        .map((name) => ({ name, path: ['design', 'topology', 'forbid', index] })),
    ),
    ...objectives.local.flatMap(({ service }, index) =>
      service === undefined ? [] : [{ name: service, path: ['objectives', 'local', index, 'service'] }],
    ),
    ...objectives.global.flatMap(({ sli }, index) =>
      sli?.service === undefined
        ? []
        : [{ name: sli.service, path: ['objectives', 'global', index, 'sli', 'service'] }],
    ),
  ];
  const calls: Named[] = [
    ...Object.keys(design.fallbacks).map((name) => ({
      name,
      path: ['design', 'fallbacks', name],
      atKey: true,
    })),
    ...objectives.local.flatMap(({ edge }, index) =>
      edge === undefined ? [] : [{ name: edge, path: ['objectives', 'local', index, 'edge'] }],
    ),
  ];
  return [
    ...named
      .filter(({ name }) => !services.includes(name))
      .map(({ name, path, atKey = false }) => ({
        ...error(path, `service "${name}" is in no edge of the topology`, hintOf(name, services)),
        atKey,
      })),
    ...calls
      .filter(({ name }) => !edges.includes(name))
      .map(({ name, path, atKey = false }) => ({
        ...error(path, `edge "${name}" is not in the topology`, hintOf(name, edges)),
        atKey,
      })),
  ];
}

function checkTopology({ design: { topology } }: ConstraintFile): Mismatch[] {
  const { edges = [], forbid = [], zones = {} } = topology ?? {};
  const at = (...rest: Path): Path => ['design', 'topology', ...rest];
  return [
    ...edges.flatMap((edge, index): Mismatch[] => {
      const [from, to] = edge.split('->') as [string, string];
      const forbidden = forbid.find(
        (rule) => matchGlob(rule.from, from) && matchGlob(rule.to, to) && !rule.except.includes(from),
      );
      if (edges.indexOf(edge) < index) {
        return [error(at('edges', index), `edge "${edge}" is written twice`, 'keep one of them')];
      }
      if (forbidden === undefined) return [];
      const message = `edge "${edge}" is both meant and forbidden (${forbidden.from} -> ${forbidden.to})`;
      return [error(at('edges', index), message, `drop it, or except ${from}`)];
    }),
    ...Object.entries(zones).flatMap(([name, { minShare, maxShare }]) =>
      minShare <= maxShare
        ? []
        : [
            error(
              at('zones', name, 'minShare'),
              `minShare ${minShare} is above maxShare ${maxShare}: no share would be meant`,
              'swap them',
            ),
          ],
    ),
  ];
}

function checkServices({ design, scope, boundaries }: ConstraintFile): Mismatch[] {
  return Object.entries(design.services).flatMap(([name, { replicas, autoscaled, ...rest }]): Mismatch[] => {
    const path: Path = ['design', 'services', name];
    const { min, max } = replicas ?? {};
    if (min !== undefined && max !== undefined && min > max) {
      return [
        error(
          [...path, 'replicas', 'min'],
          `replicas min ${min} is above max ${max}: no size is meant`,
          'swap them',
        ),
      ];
    }
    if (autoscaled === true && min !== undefined && min === max) {
      const message = `autoscaled between ${min} and ${max} replicas has one size`;
      return [error([...path, 'autoscaled'], message, 'write autoscaled: false, or widen replicas')];
    }
    const limit = name === scope.service ? boundaries.replicas : undefined;
    if (max !== undefined && limit?.max !== undefined && max > limit.max) {
      const message = `replicas are meant to grow to ${max}; boundaries.replicas stop at ${limit.max}`;
      return [error([...path, 'replicas', 'max'], message, 'let both say the same')];
    }
    if (min !== undefined && limit?.min !== undefined && min < limit.min) {
      const message = `replicas are meant to shrink to ${min}; boundaries.replicas stop at ${limit.min}`;
      return [error([...path, 'replicas', 'min'], message, 'let both say the same')];
    }
    const isSilent = replicas === undefined && autoscaled === undefined && Object.keys(rest).length === 0;
    return isSilent ? [warning(path, `nothing is said about ${name}`, 'say replicas, cpuLimit, …')] : [];
  });
}

function checkCache({ design: { cache } }: ConstraintFile): Mismatch[] {
  return Object.entries(cache).flatMap(([name, { ttlMax, staleRatioMax }]) =>
    ttlMax === undefined && staleRatioMax === undefined
      ? [
          warning(
            ['design', 'cache', name],
            `nothing is said about the cache of ${name}`,
            'say ttlMax or staleRatioMax',
          ),
        ]
      : [],
  );
}

/** `set/id` names one thing: targets and objectives share their names. */
function checkIds({ intent, objectives: { global, local } }: ConstraintFile): Mismatch[] {
  const all = [
    ...intent.map(({ id }, index) => ({ id, path: ['intent', index, 'id'] as Path })),
    ...global.map(({ id }, index) => ({ id, path: ['objectives', 'global', index, 'id'] as Path })),
    ...local.map(({ id }, index) => ({ id, path: ['objectives', 'local', index, 'id'] as Path })),
  ];
  return all
    .filter(
      ({ id, path }, index) => path[0] !== 'intent' && all.findIndex((other) => other.id === id) < index,
    )
    .map(({ id, path }) => error(path, `id "${id}" is used twice`, 'give it another id'));
}

function checkLocal({ objectives: { local }, automation }: ConstraintFile): Mismatch[] {
  const actors = automation.map(({ actor }) => actor);
  return local.flatMap((objective, index): Mismatch[] => {
    const { id, actor, service, edge, minimise, maximise } = objective;
    const path: Path = ['objectives', 'local', index];
    if (minimise === undefined && maximise === undefined) {
      return [error(path, `objective "${id}" says nothing to work for`, 'add minimise: cost, or maximise')];
    }
    if (minimise !== undefined && maximise !== undefined) {
      return [
        error([...path, 'maximise'], `objective "${id}" wants two things`, 'write one objective for each'),
      ];
    }
    if (service !== undefined && edge !== undefined) {
      return [error([...path, 'edge'], `objective "${id}" names a service and an edge`, 'keep one of them')];
    }
    if (actors.length === 0 || actors.includes(actor)) return [];
    const message = `${actor} is not described under automation: whether it has to ask is not known`;
    return [warning([...path, 'actor'], message, hintOf(actor, actors))];
  });
}

function checkAutomation({ automation }: ConstraintFile): Mismatch[] {
  const actors = automation.map(({ actor }) => actor);
  return automation.flatMap(({ actor, gate, standing, bounds }, index): Mismatch[] => {
    const path: Path = ['automation', index];
    const known = Object.entries(bounds);
    const empty = known.find(([, { min, max }]) => min !== undefined && max !== undefined && min > max);
    if (actors.indexOf(actor) < index) {
      return [error([...path, 'actor'], `${actor} is described twice`, 'merge the two')];
    }
    if (empty !== undefined) {
      const [knob, { min, max }] = empty;
      return [error([...path, 'bounds', knob, 'min'], `${knob} min ${min} is above max ${max}`, 'swap them')];
    }
    if (gate === 'standing' && standing.length > 0) {
      const message = `${actor} may do everything within its bounds: a list of kinds adds nothing`;
      return [error([...path, 'standing'], message, 'drop the list, or write gate: required')];
    }
    if (gate === 'standing' && known.length === 0) {
      const message = `${actor} may do anything without asking: its standing permission has no bounds`;
      return [warning([...path, 'gate'], message, 'write bounds: { replicas: { min: 3, max: 18 } }')];
    }
    return [];
  });
}

/** Names that nothing bears, and bounds that leave nothing. */
export function checkDesign(file: ConstraintFile): Mismatch[] {
  return [
    ...checkNames(file),
    ...checkTopology(file),
    ...checkServices(file),
    ...checkCache(file),
    ...checkIds(file),
    ...checkLocal(file),
    ...checkAutomation(file),
  ];
}
