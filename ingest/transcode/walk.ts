import { Arrival } from './arrival.ts';
import { Judgement } from './judgement.ts';
import { ResourceScan } from './resource-scan.ts';
import { ScopeScan } from './scope-scan.ts';
import { WireReader } from './wire-reader.ts';

/** A body on its way, and where in it the walk stands. */
export class Walk {
  /**
   * Of nothing, but always there: V8 forgets the shape of objects when a collection finds none of them, and throws
   * away what it has compiled for that shape; the next requests then were walked by unoptimised code.
   */
  static readonly kept = new Walk(new Uint8Array(0), {
    arrival: new Arrival({ receivedAtMs: 0, tenant: '' }),
    judgement: new Judgement('traces'),
  });
  readonly reader: WireReader;
  readonly arrival: Arrival;
  readonly judgement: Judgement;
  readonly resource = new ResourceScan();
  readonly scope = new ScopeScan();
  /** Where the item, the scope and the resource being walked end. */
  itemEnd = 0;
  scopeEnd = 0;
  resourceEnd = 0;
  /** Bytes of resources, scopes and metrics times the rows they stand in, so far. */
  repeatedBytes = 0;

  constructor(body: Uint8Array, context: { readonly arrival: Arrival; readonly judgement: Judgement }) {
    this.reader = new WireReader(body);
    this.arrival = context.arrival;
    this.judgement = context.judgement;
  }
}
