import type { HttpRequest } from '@peakstone/kernel/http';

const form = 'application/x-www-form-urlencoded';

/** What curl's -d says of its text unless it is told: JSON is then read as the fields of a form. Pure. */
export function hintOfBody({ headers }: HttpRequest): string | null {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== form) return null;
  return `The body was read as a form, as its Content-Type says (${form}). For JSON, send Content-Type: application/json.`;
}
