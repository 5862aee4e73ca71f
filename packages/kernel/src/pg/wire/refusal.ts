/** What is refused here, in the server's words, as it can not be sent. */
import { PgError } from '../errors.ts';

/** A zero would end the text early and turn the rest of it into messages. */
export function checkText(text: string): void {
  if (text.includes('\0')) throw refusal('22021', 'SQL text holds a zero byte');
}

export function refusal(code: string, message: string): PgError {
  return new PgError({ severity: 'ERROR', code, message });
}
