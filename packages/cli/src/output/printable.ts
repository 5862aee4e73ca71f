/**
 * Text that others wrote (rows, logs, notices, names in messages), fit for a terminal: data must not move its cursor, change
 * its colours or its title. Control characters, C1's among them, are shown as escapes; lines stay lines. Pure.
 * @example printable('a\u001b[31mb') // 'a\\x1b[31mb'
 */
export function printable(text: string): string {
  return text
    .replace(/\r\n/g, '\n')
    .replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, c =>
      c === '\t' ? '    ' : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
}
