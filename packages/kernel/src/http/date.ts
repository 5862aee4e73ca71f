let validUntil = 0;
let current = '';

/** The Date header's value, formatted once a second. */
export function httpDate(now: number = Date.now()): string {
  if (now >= validUntil || now < validUntil - 1000) {
    validUntil = now - (now % 1000) + 1000;
    current = new Date(now).toUTCString();
  }
  return current;
}
