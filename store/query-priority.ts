/**
 * ClickHouse's setting `priority` of what a gate turns by: what arrived, and what was judged of it. Our engine has a line
 * of its own for these. All else has none: a query of a lower priority stops for up to a second whenever an urgent one
 * runs, and as several a second do, a judge's readings then took so long that verdicts came seconds late.
 */
export const URGENT_PRIORITY = '1';
