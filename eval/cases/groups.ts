import type { CaseGroup } from './case.ts';
import { healthyWeek } from './healthy-week.ts';
import { remoteOrphans } from './remote-orphans.ts';
import { vetoes } from './vetoes.ts';

/** All that `eval calibration` measures; a check of its own group is added here. */
export const GROUPS: readonly CaseGroup[] = [remoteOrphans(), healthyWeek(), vetoes()];
