/** `26.1 %`, `95 s`, `0.999`; what is not known is the word, never a zero. */
export function amountText(value: number | null, unit: 'ratio' | 's' | 'ms' | ''): string {
  if (value === null || Number.isNaN(value)) return 'unknown';
  if (!Number.isFinite(value)) return value > 0 ? 'beyond any bound' : 'below any bound';
  if (unit === 'ratio') return `${rounded(value * 100)} %`;
  return unit === '' ? rounded(value) : `${rounded(value)} ${unit}`;
}

/** Three significant digits, without the exponent that people read wrong: `0.00012`, `26.1`, `41200`. */
function rounded(value: number): string {
  const short = Number(value.toPrecision(3));
  return Math.abs(short) >= 1e-6 || short === 0 ? short.toLocaleString('en', FORMAT) : short.toExponential();
}

const FORMAT: Intl.NumberFormatOptions = { useGrouping: false, maximumSignificantDigits: 6 };
