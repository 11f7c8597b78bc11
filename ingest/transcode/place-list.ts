import { PARTS_MAX, tooManyParts } from './parts-limit.ts';

/** The widest entry, a link, has ten. */
const PLACES_MAX = 10 * PARTS_MAX;
/** A list that one huge record blew up is not kept for the next. */
const PLACES_KEPT_MAX = 65_536;

/** A list of positions that grows and is used again; no array per record. */
export class PlaceList {
  places = new Int32Array(64);
  length = 0;

  clear(): void {
    this.length = 0;
    if (this.places.length > PLACES_KEPT_MAX) this.places = new Int32Array(64);
  }

  push(place: number): void {
    if (this.length === this.places.length) {
      if (this.length > PLACES_MAX) throw tooManyParts();
      const grown = new Int32Array(this.length * 2);
      grown.set(this.places);
      this.places = grown;
    }
    this.places[this.length++] = place;
  }
}
