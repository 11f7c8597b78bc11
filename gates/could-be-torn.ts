/** What a disk writes whole, or not at all. */
const SECTOR_BYTES = 512;
const NEWLINE = 10;

/**
 * Could a crash have left this after the last line? It keeps some sectors of the group that was written and loses the
 * others. Text of lines holds no zero byte, so what is there is there from the start of a sector (or of the group)
 * to the end of one (or to the newline that ends the group).
 * @param rest of a segment, from `offsetBytes` of it on
 */
export function couldBeTorn(rest: Buffer, offsetBytes: number): boolean {
  let at = 0;
  while (at < rest.length) {
    const sectorEnd = Math.min(rest.length, at + SECTOR_BYTES - ((offsetBytes + at) % SECTOR_BYTES));
    if (!isSectorTorn(rest.subarray(at, sectorEnd))) return false;
    at = sectorEnd;
  }
  return true;
}

/** Text, then zeros; without zeros, or after a newline, or nothing but zeros. */
function isSectorTorn(sector: Buffer): boolean {
  const textEnd = sector.indexOf(0);
  if (textEnd < 0) return true;
  const zeros = sector.subarray(textEnd);
  return zeros.equals(Buffer.alloc(zeros.length)) && (textEnd === 0 || sector[textEnd - 1] === NEWLINE);
}
