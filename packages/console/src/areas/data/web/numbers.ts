const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat('en');

/** @example compactNumber(1234567) // '1.2M' */
export function compactNumber(value: number): string {
  return compact.format(value);
}

export function wholeNumber(value: number): string {
  return whole.format(value);
}
