/** An insert of up to so many rows is small: its views are made side by side, and our engine has a line of its own for it. */
export const FEW_ROWS_MAX = 20_000;

/** Setting of a small insert, by which our engine tells it. */
export const SIDE_BY_SIDE = 'parallel_view_processing=1';
