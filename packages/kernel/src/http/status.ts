import { STATUS_CODES } from './builtin.ts';

/** Reason phrase of a status, empty when it has none. */
export function reasonPhrase(status: number): string {
  return STATUS_CODES[status] ?? '';
}

/** Statuses whose responses never carry a body. @see https://www.rfc-editor.org/rfc/rfc9110#section-6.4.1 */
export function forbidsBody(status: number): boolean {
  return status === 204 || status === 304 || status < 200;
}
