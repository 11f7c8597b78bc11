import { WireReader } from './wire-reader.ts';

/** When and for whom a body came, in the form its rows carry it. */
export class Arrival {
  readonly msLow: number;
  readonly msHigh: number;
  readonly nsLow: number;
  readonly nsHigh: number;
  readonly tenant: WireReader;

  constructor(context: { readonly receivedAtMs: number; readonly tenant: string }) {
    const ms = BigInt(Math.floor(context.receivedAtMs));
    const ns = ms * 1_000_000n;
    this.msLow = Number(BigInt.asIntN(32, ms));
    this.msHigh = Number(BigInt.asIntN(32, ms >> 32n));
    this.nsLow = Number(BigInt.asIntN(32, ns));
    this.nsHigh = Number(BigInt.asIntN(32, ns >> 32n));
    this.tenant = new WireReader(Buffer.from(context.tenant));
  }
}
