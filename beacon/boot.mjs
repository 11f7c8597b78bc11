// @ts-check
import { randomBytes } from 'node:crypto';

/** How often the cumulative counts go out with a number. */
const COUNTS_EVERY = 16;

/**
 * The numbering of one kind of record in one run of one process: 0, 1, 2… in the order in which they are handed to
 * the exporting processors. Two processes must not share numbers: a forked one (child_process, cluster) loads this
 * anew, and one restored from a startup snapshot notices by its process id that it is another, and begins anew.
 */
export class Boot {
  /** @type {number | null} */
  #pid = null;
  #id = '';
  #next = 0;
  #created = 0;
  #unnumbered = 0;

  /** One more record was begun. */
  create() {
    this.#renew();
    this.#created++;
  }

  /**
   * Numbers a record. A record that took no number for want of room leaves no gap: it is counted as unnumbered and
   * the number goes to the next.
   * @param {{
   *   readonly attributes: { readonly [key: string]: unknown },
   *   setAttribute(key: string, value: string | number): unknown,
   * }} record
   */
  number(record) {
    this.#renew();
    const seq = this.#next;
    record.setAttribute('plumbline.boot_id', this.#id);
    record.setAttribute('plumbline.seq', seq);
    if (record.attributes['plumbline.seq'] !== seq) {
      this.#unnumbered++;
      return;
    }
    this.#next++;
    if (seq % COUNTS_EVERY !== 0) return;
    record.setAttribute('plumbline.created', this.#created);
    record.setAttribute('plumbline.unnumbered', this.#unnumbered);
  }

  #renew() {
    if (this.#pid === process.pid) return;
    this.#pid = process.pid;
    this.#id = `${randomBytes(8).toString('hex')}-${process.pid}`;
    this.#next = 0;
    this.#created = 0;
    this.#unnumbered = 0;
  }
}
