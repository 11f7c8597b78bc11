const PLAIN = /^-?\d{1,20}$/;
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/** No 64-bit integer needs more, and turning a megabyte of digits into a number takes seconds. */
const TEXT_LENGTH_MAX = 400;

/** An integer exactly as it is spelt, `1e3` and `5.0` included; null when the text is no integer. */
export function parseInteger(text: string): bigint | null {
  if (PLAIN.test(text)) return BigInt(text);
  const match = text.length > TEXT_LENGTH_MAX ? null : DECIMAL.exec(text);
  if (match === null) return null;
  const [, sign, whole, fraction = '', exponent = '0'] = match;
  const shift = Number(exponent) - fraction.length;
  let digits = `${whole}${fraction}`;
  if (shift >= 0) digits = digits.padEnd(digits.length + shift, '0');
  else {
    const lost = digits.slice(shift);
    if (!/^0*$/.test(lost)) return null;
    digits = digits.slice(0, shift) || '0';
  }
  return sign === '-' ? -BigInt(digits) : BigInt(digits);
}
