// @ts-check

/**
 * What an actor does by itself while the gate cannot be reached. `open`: go on. `capped`: grow by this ratio at most.
 * `budget`: so often in so long, per target. `hold`: leave it, ask again. `closed`: do not do it.
 * @typedef {'open' | 'capped' | 'budget' | 'hold' | 'closed'} Unreachable
 * @typedef {{ kind: string, stage: string, unreachable: Unreachable, capRatio: number | null, pages: boolean }} Row
 */

/** @type {(stage: string, unreachable: Unreachable, kinds: string[], more?: Partial<Row>) => Row[]} */
const rows = (stage, unreachable, kinds, more = {}) =>
  kinds.map((kind) => ({ stage, kind, unreachable, capRatio: null, pages: false, ...more }));

/**
 * Row for row the table of gates/fail-modes.ts, which says what unknown data means: first match wins. Never laxer than
 * that: whoever hears nothing knows no more than whoever hears "unknown".
 */
export const UNREACHABLE_MODES = [
  ...rows('provisioning', 'capped', ['capacity.add', 'quota.raise'], { capRatio: 0.25 }),
  ...rows('provisioning', 'closed', ['capacity.*', 'quota.*', 'template.*']),
  ...rows('deployment', 'open', ['rollback', 'rollback.*']),
  ...rows('deployment', 'hold', ['rollout.*', 'deploy', 'deploy.*']),
  ...rows('deployment', 'closed', ['promote', 'promote.*', 'schema.migrate']),
  ...rows('scaling', 'capped', ['scale.up', 'scale.out'], { capRatio: 0.5 }),
  ...rows('scaling', 'closed', ['scale.to_zero']),
  ...rows('scaling', 'closed', ['scale', 'scale.*']),
  ...rows('routing', 'open', ['restore', 'shift.restore', 'weight.restore', 'fail_open']),
  ...rows('routing', 'closed', [
    'shift',
    'shift.*',
    'weight.*',
    'route',
    'route.*',
    'reroute',
    'reroute.*',
    'drain',
    'drain.*',
  ]),
  ...rows('recovery', 'budget', ['restart.one']),
  ...rows('recovery', 'closed', ['restart', 'restart.*', 'reimage', 'reimage.*']),
  ...rows('recovery', 'closed', ['failover', 'failover.*', 'promote_db'], { pages: true }),
  ...rows('optimisation', 'closed', [
    'rightsize.*',
    'consolidate',
    'consolidate.*',
    'spot.*',
    'sampling.*',
    'cache.*',
    'optimise.*',
    'tune.*',
  ]),
  ...rows('decommissioning', 'closed', [
    'delete',
    'delete.*',
    'wipe',
    'wipe.*',
    'revoke',
    'revoke.*',
    'retention.*',
    'decommission',
    'decommission.*',
  ]),
];

/** An action nobody described has no safe direction. */
const UNKNOWN_KIND = { unreachable: 'hold', capRatio: null, pages: false };

/** Never urgent, or never taken back: whatever the kind is. */
const STRICT_STAGES = ['optimisation', 'decommissioning'];

/**
 * @param {{ kind: string, stage?: string | undefined }} action
 * @returns {{ unreachable: string, capRatio: number | null, pages: boolean }}
 */
export function unreachableMode({ kind, stage }) {
  const row = UNREACHABLE_MODES.find((one) => matches(one.kind, kind.toLowerCase())) ?? UNKNOWN_KIND;
  if (stage === undefined || !STRICT_STAGES.includes(stage)) return row;
  return { ...row, unreachable: 'closed', capRatio: null };
}

/** @param {string} glob  one `*`, at its end @param {string} text */
function matches(glob, text) {
  return glob.endsWith('*') ? text.startsWith(glob.slice(0, -1)) : glob === text;
}
