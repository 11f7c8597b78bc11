import { matchGlob } from '../../core/glob.ts';
import { nearestName } from '../../core/nearest-name.ts';
import { FAIL_MODES, isAbout, isSafeDirection } from '../fail-modes.ts';
import type { ConstraintFile } from './constraint-set.ts';
import { mismatch as error, type Mismatch } from './mismatch.ts';

/** Recent actions are kept for a day. */
const SPAN_MS_MAX = 86_400_000;
/** Telemetry is counted by the minute for so long. */
const USE_MS_MAX = 1_209_600_000;

type Path = Mismatch['path'];

function checkSpan(path: Path, spanMs: number | undefined): Mismatch[] {
  if (spanMs === undefined) return [];
  if (spanMs === 0) return [error(path, 'no time at all holds nothing', 'write it like "10m"')];
  if (spanMs <= SPAN_MS_MAX) return [];
  return [error(path, 'what was allowed is remembered for a day', 'write at most "24h"')];
}

function checkBudgets({ guardrails: { changeBudget }, scope }: ConstraintFile): Mismatch[] {
  return changeBudget.flatMap(({ per, maxActions, maxTargetsPct, over }, index) => {
    const at = ['guardrails', 'changeBudget', index];
    const isEmpty = maxActions === undefined && maxTargetsPct === undefined;
    return [
      ...checkSpan([...at, 'per'], per),
      ...(isEmpty
        ? [error(at, 'a budget without a limit holds nothing', 'add maxActions: 6 or maxTargetsPct: 10')]
        : []),
      ...(over ?? []).flatMap((service, position) =>
        checkFleetService([...at, 'over', position], { service, scope }),
      ),
    ];
  });
}

/** Each is counted by its name: a glob would be a service that nobody has. */
function checkFleetService(
  path: Path,
  { service, scope }: { service: string; scope: ConstraintFile['scope'] },
): Mismatch[] {
  if (service.includes('*')) {
    const message = `"${service}" is no service: what shares a budget is counted by name`;
    return [error(path, message, 'list the services one by one')];
  }
  if (service !== scope.service) return [];
  return [error(path, `${service} is the service of this file, which is counted anyway`, 'list the others')];
}

function warnSafeKinds(path: Path, globs: readonly string[], what: string): Mismatch[] {
  const safe = FAIL_MODES.filter(
    (row) => isSafeDirection(row.kind) && isAbout(globs, { names: [row.kind, `${row.stage}.${row.kind}`] }),
  );
  if (safe.length === 0) return [];
  const message = `${what} ${safe.map(({ kind }) => kind).join(', ')} too, which go the safe direction`;
  return [{ path, message, hint: 'list the kinds that are meant', severity: 'warning' }];
}

function checkCooldowns({ guardrails: { cooldown } }: ConstraintFile): Mismatch[] {
  return cooldown.flatMap((row, index) => [
    ...checkSpan(['guardrails', 'cooldown', index, 'for'], row.for),
    ...warnSafeKinds(['guardrails', 'cooldown', index, 'blocks'], row.blocks, 'it would block'),
  ]);
}

function checkFlaps({ guardrails: { flap } }: ConstraintFile): Mismatch[] {
  return flap.flatMap((row, index) => {
    const [one = '', other = ''] = row.opposite;
    const isSame = matchGlob(one, other) || matchGlob(other, one);
    const at = ['guardrails', 'flap', index];
    const said = `${one} and ${other} are not opposite: an action may be both`;
    return [
      ...checkSpan([...at, 'per'], row.per),
      ...(isSame ? [error([...at, 'opposite'], said, 'write two kinds, like [scale.up, scale.down]')] : []),
    ];
  });
}

function checkRepairs({ guardrails: { repairEffect }, intent }: ConstraintFile): Mismatch[] {
  const known = intent.map(({ id }) => id);
  return repairEffect.flatMap(({ watch, within, stopFor }, index) => {
    const at = ['guardrails', 'repairEffect', index];
    const nearest = nearestName(watch, known);
    const listed = `intents of this file: ${known.join(', ') || 'none; write one under intent'}`;
    const hint = nearest === null ? listed : `did you mean "${nearest}"?`;
    return [
      ...(known.includes(watch) ? [] : [error([...at, 'watch'], `intent "${watch}" is not written`, hint)]),
      ...checkSpan([...at, 'within'], within + (stopFor ?? 10 * within)),
    ];
  });
}

function checkStages({ stages, keys, sources, scope }: ConstraintFile): Mismatch[] {
  const { deployment, recovery, decommissioning } = stages;
  const proof = decommissioning?.proveUnused;
  const days = Math.floor((proof?.for ?? 0) / 86_400_000);
  const isTooLong = proof !== undefined && (proof.for > USE_MS_MAX || proof.for < 3_600_000);
  const needsKey = decommissioning?.humanKey === 'required' && keys.length === 0;
  const hasFailover = recovery?.failover !== undefined;
  return [
    ...checkSpan(['stages', 'deployment', 'bake'], deployment?.bake),
    ...checkSpan(['stages', 'deployment', 'effectLag'], deployment?.effectLag),
    ...checkSpan(['stages', 'recovery', 'budget'], recovery?.budget?.perMs),
    ...(hasFailover &&
    recovery.failover?.minOutage === undefined &&
    recovery.failover?.maxReplicaLag === undefined
      ? [
          error(
            ['stages', 'recovery', 'failover'],
            'it asks for nothing',
            'add minOutage: 5m or maxReplicaLag: 5s',
          ),
        ]
      : []),
    ...(isTooLong
      ? [
          error(
            ['stages', 'decommissioning', 'proveUnused', 'for'],
            `${days} days cannot be proven: telemetry is counted for 14`,
            'write 1h to 14d',
          ),
        ]
      : []),
    ...(needsKey
      ? [
          error(
            ['stages', 'decommissioning', 'humanKey'],
            `nobody could ever approve: no keys are listed for ${scope.service}`,
            'list the public keys of people under keys: [{id: alice, publicKey: …}]',
          ),
        ]
      : []),
    ...(proof !== undefined && sources.length > 0 && !sources.some(({ signal }) => signal === 'traces')
      ? [
          error(
            ['stages', 'decommissioning', 'proveUnused'],
            'who uses a service is read off traces, and none are declared',
            'declare a source with signal: traces',
          ),
        ]
      : []),
  ];
}

function checkKeys({ keys }: ConstraintFile): Mismatch[] {
  return keys.flatMap(({ id, publicKey }, index) => {
    const isTaken = keys.findIndex((key) => key.id === id || key.publicKey === publicKey) < index;
    return isTaken ? [error(['keys', index, 'id'], `key "${id}" is listed twice`, 'keep one of them')] : [];
  });
}

function checkTolerated({ failureTolerance: { tolerate, kinds }, sources }: ConstraintFile): Mismatch[] {
  const known = sources.flatMap(({ id, signal }) => [id, signal]);
  const lost = tolerate.flatMap(({ lose }, index) => {
    if (lose.what === 'share' || known.includes(lose.name)) return [];
    const nearest = nearestName(lose.name, known);
    const hint =
      nearest === null
        ? 'name a source of this file, or write "1 of 3 collectors"'
        : `did you mean "${nearest}"?`;
    const at = ['failureTolerance', 'tolerate', index, 'lose'];
    return [error(at, `"${lose.name}" is no source of this file`, hint)];
  });
  const overdue = Object.entries(kinds).flatMap(([kind, { onHoldTimeout, cap, unknown }]): Mismatch[] => {
    const path = ['failureTolerance', kind, 'onHoldTimeout'];
    if (onHoldTimeout === 'allow-capped' && cap === undefined)
      return [error(path, `${kind}: allow-capped needs a cap`, 'add cap: "+50%"')];
    if (onHoldTimeout !== undefined && unknown !== 'hold')
      return [error(path, `${kind} never holds: it is ${unknown}`, 'drop it, or write unknown: hold')];
    return [];
  });
  return [...lost, ...overdue];
}

/** What a schema cannot see of guardrails, stages, keys and tolerance. */
export function checkGuardrails(file: ConstraintFile): Mismatch[] {
  return [
    ...checkBudgets(file),
    ...checkCooldowns(file),
    ...checkFlaps(file),
    ...checkRepairs(file),
    ...checkStages(file),
    ...checkKeys(file),
    ...checkTolerated(file),
  ];
}
