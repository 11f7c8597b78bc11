/**
 * ClickHouse's setting `priority`: while a query of a smaller number runs, those of larger ones step back. Urgent is what a
 * gate turns by: what arrived, and what was judged of it. All else that is read may take a second longer.
 */
export const URGENT_PRIORITY = '1';
export const USUAL_PRIORITY = '2';
