/** Times of signatures. Pure. */

const basic = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** `20261128T012511Z`, or a date of HTTP; NaN for what is neither. */
export function parseSigningTime(text: string): number {
  const match = basic.exec(text);
  if (match === null) return Date.parse(text);
  const [, year, month, day, hour, minute, second] = match;
  return Date.UTC(+year!, +month! - 1, +day!, +hour!, +minute!, +second!);
}

/** `20261128T012511Z` */
export function signingTime(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
