import { parseArgs } from 'node:util';
import { machineText } from './report/machine.ts';
import { decisions } from './sections/decisions.ts';
import { drift } from './sections/drift.ts';
import { durableRate } from './sections/durable-rate.ts';
import { growth } from './sections/growth.ts';
import { judgeTicks } from './sections/judge-ticks.ts';
import { latency } from './sections/latency.ts';
import { peers } from './sections/peers.ts';
import { stages } from './sections/stages.ts';
import { tallies } from './sections/tallies.ts';
import { transcode } from './sections/transcode.ts';
import { turning } from './sections/turning.ts';

/** `npm run bench [-- SECTION… --rounds N]`: prints figures and whether they reach their goals; see README.md. */
const SECTIONS: Readonly<Record<string, (rounds: number) => Promise<void>>> = {
  transcode,
  stages,
  durable: durableRate,
  latency,
  growth,
  tallies,
  judge: judgeTicks,
  decisions,
  turning,
  drift,
  peers,
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' } },
});
const unknown = positionals.filter((name) => SECTIONS[name] === undefined);
if (unknown.length > 0) {
  console.error(
    `There is no section ${unknown.join(', ')}; choose from ${Object.keys(SECTIONS).join(', ')}.`,
  );
  process.exit(2);
}
console.log(machineText());
// The Collector takes minutes to build, and Go: only when it is asked for.
const chosen =
  positionals.length > 0 ? positionals : Object.keys(SECTIONS).filter((name) => name !== 'peers');
for (const name of chosen) await SECTIONS[name]?.(Number(values.rounds));
