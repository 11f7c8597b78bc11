import { Agent, request } from 'node:http';
import { TRIGGER_MS } from '../faults/stuck-state.ts';
import { startProcess } from './start-process.ts';

/** What visitors do; `upTo` cuts [0, 1) into shares: enough orders that every export of checkout carries some. */
const VISITS = [
  { method: 'POST', path: '/orders', upTo: 0.6 },
  { method: 'GET', path: '/browse', upTo: 0.85 },
  { method: 'POST', path: '/cart', upTo: 1 },
] as const;
/** The short overload that triggers `stuck`; afterwards the load is what it was. */
const SURGE_FACTOR = 1.5;

const traffic = await startProcess();
const gatewayUrl = traffic.url('gateway');
const agent = new Agent({ keepAlive: true, maxSockets: 256 });

function pickVisit(random: number): (typeof VISITS)[number] {
  return VISITS.find(({ upTo }) => random < upTo) ?? VISITS[0];
}

function visit(): void {
  const { method, path } = pickVisit(Math.random());
  const sent = request(new URL(path, gatewayUrl), { method, agent }, (response) => response.resume());
  // A visitor who gets no answer goes away; the shop's own telemetry tells why.
  sent.on('error', () => undefined);
  sent.end();
}

let stuckSinceMs: number | null = null;
/** Open loop: visitors come whether or not the shop is quick, at exponentially distributed distances. */
function visitForever(): void {
  if (traffic.signal.aborted) return;
  visit();
  stuckSinceMs = traffic.faults().stuck ? (stuckSinceMs ?? Date.now()) : null;
  const surging = stuckSinceMs !== null && Date.now() - stuckSinceMs < TRIGGER_MS;
  const perSecond = traffic.options.requestsPerSecond * (surging ? SURGE_FACTOR : 1);
  setTimeout(visitForever, (-Math.log(1 - Math.random()) * 1_000) / perSecond);
}
visitForever();
