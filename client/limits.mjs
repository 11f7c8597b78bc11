// @ts-check

/**
 * Sizes of an action inside the limits of an allow, or why it is not. A limit on a size that nobody told is not kept.
 * @param {{ from?: Record<string, unknown> | undefined, to?: Record<string, unknown> | undefined, planGeneration?: string | undefined }} action
 * @param {Record<string, unknown>} limits
 * @param {{ clamp: boolean }} options  clamp: less change instead of none
 * @returns {{ to: Record<string, unknown> } | { beyond: string }}
 */
export function keepLimits({ from = {}, to = {}, planGeneration }, limits, { clamp }) {
  const inside = { ...to };
  const { maxTo, minTo, maxIncreaseRatio, planGeneration: plan = planGeneration, ...others } = limits;
  const [other] = Object.keys(others);
  // A newer gate may bound what this client cannot keep.
  if (other !== undefined) return { beyond: `the limit ${other} is not known here` };
  if (plan !== planGeneration) return { beyond: `it is for the plan ${plan}, not ${planGeneration}` };
  /** @type {[string, unknown, 'most' | 'least'][]} */
  const bounds = [
    ...entries(maxTo).map(
      ([name, bound]) => /** @type {[string, unknown, 'most']} */ ([name, bound, 'most']),
    ),
    ...entries(minTo).map(
      ([name, bound]) => /** @type {[string, unknown, 'least']} */ ([name, bound, 'least']),
    ),
  ];
  if (maxIncreaseRatio !== undefined) {
    const before = from['replicas'];
    if (!isNumber(before) || !isNumber(maxIncreaseRatio))
      return { beyond: `it may grow by ${maxIncreaseRatio} at most, and from.replicas is not said` };
    // As the gate rounds it: half of one replica is one.
    bounds.push(['replicas', Math.max(before + 1, Math.ceil(before * (1 + maxIncreaseRatio))), 'most']);
  }
  for (const [name, bound, side] of bounds) {
    const value = inside[name];
    if (!isNumber(value) || !isNumber(bound))
      return { beyond: `${name} is limited, and to.${name} is not said` };
    const isInside = side === 'most' ? value <= bound : value >= bound;
    if (isInside) continue;
    if (!clamp) return { beyond: `at ${side} ${bound} ${name} are allowed now, not ${value}` };
    inside[name] = bound;
  }
  if (!clamp) return { to: inside };
  if (Object.keys(inside).some((name) => !isBetween(inside[name], from[name], to[name])))
    return { beyond: 'nothing between what there is and what was asked is inside the limits' };
  // Limits may exclude each other.
  return keepLimits({ from, to: inside, planGeneration }, limits, { clamp: false });
}

/** @param {unknown} value @param {unknown} from @param {unknown} to */
function isBetween(value, from, to) {
  if (value === to) return true;
  if (!isNumber(value) || !isNumber(from) || !isNumber(to)) return false;
  return value >= Math.min(from, to) && value <= Math.max(from, to) && value !== from;
}

/** @param {unknown} bounds @returns {[string, unknown][]} */
function entries(bounds) {
  return typeof bounds === 'object' && bounds !== null ? Object.entries(bounds) : [];
}

/** @param {unknown} value @returns {value is number} */
function isNumber(value) {
  return typeof value === 'number' && Number.isFinite(value);
}
