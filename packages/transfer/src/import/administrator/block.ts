/** Statements of the administrator's that look before they act, in one. Pure. */
import { quoteLiteral as literal } from '@peakstone/kernel/pg';

export function block(body: string, declarations = ''): string {
  return `do ${literal(`${declarations === '' ? '' : `declare ${declarations} `}begin${body}\nend`)}`;
}

/** In a block: ends it, and all that its transaction did. */
export function refuse(
  message: string,
  hint = 'Where it shall be so all the same: peakstone sql --superuser',
): string {
  return `raise exception using errcode = '42501', message = ${literal(message)}, hint = ${literal(hint)};`;
}
