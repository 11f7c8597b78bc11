/** Sends us a span every few seconds, to measure our own lag. Reserved: no verdict speaks of it. */
export const CANARY_SERVICE = 'plumbline.canary';
